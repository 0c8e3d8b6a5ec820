package org.wubbo.demo;

import java.util.List;
import java.util.Map;

/** The demo contract. Names, types and order are fixed; all peers and benchmarks are built against them. */
public interface EchoService {
    String echo(String text);

    Object echoObject(Object value);

    byte[] echoBytes(byte[] bytes);

    int add(int a, int b);

    long addLong(long a, long b);

    boolean negate(boolean value);

    double scale(double a, double b);

    User getUser(String id);

    List<User> listUsers(int n);

    boolean saveUser(User user);

    Map<String, Object> describe(Map<String, Object> map);

    Sex flip(Sex sex);

    Map<String, Object> attachments();

    String whoami();

    String sleep(long millis);

    void touch();

    String fail(String message) throws DemoException;

    String crash(String message);
}
