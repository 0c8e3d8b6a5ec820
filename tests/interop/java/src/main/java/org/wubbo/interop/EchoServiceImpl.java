package org.wubbo.interop;

import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.wubbo.demo.DemoException;
import org.wubbo.demo.EchoService;
import org.wubbo.demo.Sex;
import org.wubbo.demo.User;

/** The demo service as the contract states it. Every answer is built anew, so that nothing is shared on the wire. */
final class EchoServiceImpl implements EchoService {
    /** 2020-05-31T12:00:00.000Z. */
    static final long USER_TIME_MS = 1_590_926_400_000L;

    private static final int LIST_MAX = 10_000;

    private final String name;

    EchoServiceImpl(String name) {
        this.name = name;
    }

    static User user(String id) {
        List<String> tags = new ArrayList<>(List.of("a", "b"));
        Map<String, Double> scores = new HashMap<>(Map.of("math", 99.5));
        return new User(id, "name-" + id, 18 + id.length(), new Date(USER_TIME_MS), Sex.MAN, tags, scores);
    }

    @Override
    public String echo(String text) {
        return text;
    }

    @Override
    public Object echoObject(Object value) {
        return value;
    }

    @Override
    public byte[] echoBytes(byte[] bytes) {
        return bytes;
    }

    @Override
    public int add(int a, int b) {
        return a + b;
    }

    @Override
    public long addLong(long a, long b) {
        return a + b;
    }

    @Override
    public boolean negate(boolean value) {
        return !value;
    }

    @Override
    public double scale(double a, double b) {
        return a * b;
    }

    @Override
    public User getUser(String id) {
        return user(id);
    }

    @Override
    public List<User> listUsers(int n) {
        if (n < 0 || n > LIST_MAX) {
            throw new DemoException("n out of range: " + n);
        }
        List<User> users = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            users.add(user(Integer.toString(i)));
        }
        return users;
    }

    @Override
    public boolean saveUser(User user) {
        return user != null && user.getId() != null && !user.getId().isEmpty();
    }

    @Override
    public Map<String, Object> describe(Map<String, Object> map) {
        Map<String, Object> answer = new HashMap<>(map);
        answer.put("size", map.size());
        return answer;
    }

    @Override
    public Sex flip(Sex sex) {
        return sex == Sex.MAN ? Sex.WOMAN : Sex.MAN;
    }

    @Override
    public Map<String, Object> attachments() {
        Api.setResponseAttachment("wubbo-demo", "1");
        return new HashMap<>(Api.requestAttachments());
    }

    @Override
    public String whoami() {
        return name;
    }

    @Override
    public String sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
        return "slept " + millis;
    }

    @Override
    public void touch() {}

    @Override
    public String fail(String message) throws DemoException {
        throw new DemoException(message);
    }

    @Override
    public String crash(String message) {
        throw new IllegalStateException(message);
    }
}
