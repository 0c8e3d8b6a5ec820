package org.wubbo.interop;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.dubbo.rpc.Result;
import org.apache.dubbo.rpc.protocol.dubbo.FutureAdapter;
import org.wubbo.demo.EchoService;
import org.wubbo.demo.Sex;
import org.wubbo.demo.User;

/** The case list: an id and a call each, in the order in which they run. */
final class Cases {
    private static final int THREADS = 64;
    private static final int CALLS_PER_THREAD = 50;

    /** A call through one of the peer's references; what it returns or throws is the outcome. */
    interface Call {
        Object run(Peer peer) throws Throwable;
    }

    /** @param id method or subject, a slash, what is special; never used twice */
    record Case(String id, Call call) {}

    /**
     * The outcome of a call that was answered through a future. Its attachments come from Dubbo's own future and are
     * taken as none where that is hidden: which thread's context Dubbo puts them in depends on whether the answer or
     * the caller comes first.
     */
    record Answer(Object value, Throwable failure, Map<String, Object> attachments) {
        static Answer of(Future<?> future) throws Exception {
            if (!(future instanceof FutureAdapter)) {
                return new Answer(future.get(10, TimeUnit.SECONDS), null, Map.of());
            }
            Field field = FutureAdapter.class.getDeclaredField("appResponseFuture");
            field.setAccessible(true);
            Result result = (Result) ((Future<?>) field.get(future)).get(10, TimeUnit.SECONDS);
            return new Answer(result.getValue(), result.getException(), result.getObjectAttachments());
        }

        Object valueOrThrow() throws Throwable {
            if (failure != null) {
                throw failure;
            }
            return value;
        }
    }

    private final List<Case> cases = new ArrayList<>();

    private Cases() {}

    static List<Case> all() {
        Cases list = new Cases();
        list.texts();
        list.values();
        list.arithmetic();
        list.users();
        list.others();
        list.failures();
        list.attachments();
        list.generic();
        list.refused();
        list.manners();
        return list.cases;
    }

    private void add(String id, Call call) {
        cases.add(new Case(id, call));
    }

    private void texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("ascii", "hello");
        texts.put("empty", "");
        texts.put("null", null);
        texts.put("control", "a\u0000b\n\t\"\\");
        texts.put("latin", "caf\u00e9");
        texts.put("cjk", "\u4f60\u597d\uff0c\u4e16\u754c");
        texts.put("emoji", "\u6c49\u5b57\ud83d\ude00");
        for (int length : new int[] {31, 32, 1023, 1024, 32767, 32768, 32769, 40000, 100000}) {
            texts.put(Integer.toString(length), "x".repeat(length));
        }
        texts.put("cjk-40000", "\u4e2d".repeat(40000));
        texts.put("emoji-at-chunk-end", "x".repeat(32767) + "\ud83d\ude00".repeat(3));
        texts.forEach((id, text) -> add("echo/" + id, peer -> peer.service().echo(text)));
    }

    private void values() {
        Values.all().forEach((id, value) -> add("echoObject/" + id, peer -> peer.service().echoObject(value)));
        add("echoBytes/null", peer -> peer.service().echoBytes(null));
        for (int length : new int[] {0, 1, 15, 16, 1024, 4093, 8192, 40000, 1 << 20}) {
            add("echoBytes/" + length, peer -> peer.service().echoBytes(Values.bytes(length)));
        }
    }

    private void arithmetic() {
        add("add/normal", peer -> peer.service().add(1, 2));
        add("add/negative", peer -> peer.service().add(-7, 3));
        add("add/overflow", peer -> peer.service().add(Integer.MAX_VALUE, 1));
        add("add/underflow", peer -> peer.service().add(Integer.MIN_VALUE, -1));
        add("addLong/normal", peer -> peer.service().addLong(1L << 40, 2));
        add("addLong/small", peer -> peer.service().addLong(1, 2));
        add("addLong/overflow", peer -> peer.service().addLong(Long.MAX_VALUE, 1));
        add("negate/true", peer -> peer.service().negate(true));
        add("negate/false", peer -> peer.service().negate(false));
        add("scale/normal", peer -> peer.service().scale(1.5, 4));
        add("scale/inexact", peer -> peer.service().scale(0.1, 3));
        add("scale/negative-zero", peer -> peer.service().scale(-1, 0));
        add("scale/nan", peer -> peer.service().scale(Double.NaN, 2));
        add("scale/infinity", peer -> peer.service().scale(Double.MAX_VALUE, 10));
        add("scale/zero-times-infinity", peer -> peer.service().scale(0, Double.NEGATIVE_INFINITY));
    }

    private void users() {
        for (String id : List.of("7", "", "\u738b\u4e94", "\ud83d\ude00")) {
            String name = id.isEmpty() ? "empty" : id;
            add("getUser/" + name, peer -> peer.service().getUser(id));
        }
        for (int n : new int[] {0, 1, 15, 1000, -1, 10001, Integer.MIN_VALUE}) {
            add("listUsers/" + n, peer -> peer.service().listUsers(n));
        }
        add("saveUser/normal", peer -> peer.service().saveUser(EchoServiceImpl.user("7")));
        add("saveUser/empty-id", peer -> peer.service().saveUser(EchoServiceImpl.user("")));
        add("saveUser/null-id", peer -> peer.service().saveUser(new User()));
        add("saveUser/null", peer -> peer.service().saveUser(null));
        add("flip/man", peer -> peer.service().flip(Sex.MAN));
        add("flip/woman", peer -> peer.service().flip(Sex.WOMAN));
    }

    private void others() {
        add("describe/empty", peer -> peer.service().describe(new HashMap<>()));
        add("describe/mixed", peer -> peer.service().describe(mixedMap()));
        add("describe/has-size", peer -> peer.service().describe(new HashMap<>(Map.of("size", "text", "a", 1))));
        add("describe/TreeMap", peer -> peer.service().describe(new TreeMap<>(Map.of("b", 2L, "a", 1))));
        add("whoami", peer -> peer.service().whoami());
        add("sleep/50", peer -> peer.service().sleep(50));
        add("sleep/0", peer -> peer.service().sleep(0));
        add("touch", peer -> {
            peer.service().touch();
            return null;
        });
    }

    private void failures() {
        for (String message : List.of("boom", "", "\u51fa\u9519\u4e86", "\ud83d\ude00 \"quoted\"\nsecond line")) {
            String name = message.isEmpty() ? "empty" : message.replaceAll("[^\\p{Alnum}\\p{IsHan}]+", "-");
            add("fail/" + name, peer -> peer.service().fail(message));
            add("crash/" + name, peer -> peer.service().crash(message));
        }
        add("fail/null", peer -> peer.service().fail(null));
        add("fail/long", peer -> peer.service().fail("m".repeat(40000)));
        add("after-failure/echo", peer -> peer.service().echo("still here"));
    }

    private void attachments() {
        add("attachments/none", peer -> peer.service().attachments());
        add("attachments/text", peer -> with(Map.of("user.a", "1", "user.b", "two")).attachments(peer));
        add("attachments/empty-text", peer -> with(Map.of("user.empty", "")).attachments(peer));
        add("attachments/cjk", peer -> with(Map.of("user.city", "\u5317\u4eac\ud83d\ude00")).attachments(peer));
        add("attachments/camel-case", peer -> with(Map.of("userName", "n", "User-Name", "m")).attachments(peer));
        add("attachments/integer", peer -> with(Map.of("user.count", 42, "user.long", 1L << 40)).attachments(peer));
        add("attachments/boolean-double", peer -> with(Map.of("user.flag", true, "user.ratio", 12.25)).attachments(peer));
        add("attachments/list", peer -> with(Map.of("user.list", new ArrayList<>(List.of("a", 2)))).attachments(peer));
        add("attachments/map", peer -> with(Map.of("user.map", new HashMap<>(Map.of("k", 1)))).attachments(peer));
        add("attachments/user", peer -> with(Map.of("user.object", EchoServiceImpl.user("7"))).attachments(peer));
        add("attachments/long-text", peer -> with(Map.of("user.long", "v".repeat(5000))).attachments(peer));
        add("attachments/second-call", peer -> {
            with(Map.of("user.once", "1")).attachments(peer);
            return peer.service().attachments();
        });
        add("attachments/response-second-call", peer -> {
            peer.service().attachments();
            return peer.service().echo("no mark of the first call");
        });
        add("attachments/with-failure", peer -> {
            Api.setAttachment("user.a", "1");
            return peer.service().fail("with attachments");
        });
        add("attachments/after-failure", peer -> {
            Api.setAttachment("user.failed", "1");
            try {
                peer.service().fail("dropped");
            } catch (RuntimeException expected) {
                return peer.service().attachments();
            }
            return "no exception";
        });
        add("attachments/async", peer -> {
            Api.setAttachment("user.a", "1");
            peer.async().attachments();
            return Answer.of(Api.future());
        });
    }

    private void generic() {
        invoke("add", "add", new String[] {"int", "int"}, 1, 2);
        invoke("echo", "echo", new String[] {"java.lang.String"}, "hello");
        invoke("echo-null", "echo", new String[] {"java.lang.String"}, (Object) null);
        invoke("getUser", "getUser", new String[] {"java.lang.String"}, "7");
        invoke("listUsers", "listUsers", new String[] {"int"}, 2);
        invoke("saveUser", "saveUser", new String[] {"org.wubbo.demo.User"}, userMap("7"));
        invoke("saveUser-empty-id", "saveUser", new String[] {"org.wubbo.demo.User"}, userMap(""));
        invoke("echoObject-user-map", "echoObject", new String[] {"java.lang.Object"}, userMap("7"));
        invoke("echoBytes", "echoBytes", new String[] {"byte[]"}, (Object) new byte[] {1, 2, 3});
        invoke("flip", "flip", new String[] {"org.wubbo.demo.Sex"}, "MAN");
        invoke("describe", "describe", new String[] {"java.util.Map"}, new HashMap<>(Map.of("a", 1)));
        invoke("touch", "touch", new String[0]);
        invoke("fail", "fail", new String[] {"java.lang.String"}, "boom");
        invoke("crash", "crash", new String[] {"java.lang.String"}, "boom");
        invoke("listUsers-out-of-range", "listUsers", new String[] {"int"}, -1);
        invoke("unknown-method", "nope", new String[] {"java.lang.String"}, "x");
        invoke("wrong-types", "echo", new String[] {"int"}, 1);
        invoke("null-types", "whoami", null);
        add("generic/async-getUser", peer -> Answer.of(
                peer.generic().$invokeAsync("getUser", new String[] {"java.lang.String"}, new Object[] {"7"})));
        for (Object value : new Object[] {"OK", 1, null, EchoServiceImpl.user("7")}) {
            String name = value instanceof User ? "User" : String.valueOf(value);
            add("$echo/" + name, peer -> ((org.apache.dubbo.rpc.service.EchoService) peer.service()).$echo(value));
        }
    }

    private void invoke(String id, String method, String[] types, Object... arguments) {
        add("generic/" + id, peer -> peer.generic().$invoke(method, types, arguments));
    }

    /** What a provider answers to a call that it cannot serve. */
    private void refused() {
        add("refused/unknown-method", peer -> peer.misfit().nope("x"));
        add("refused/wrong-descriptor", peer -> peer.misfit().echo(1));
        add("refused/wrong-descriptor-add", peer -> peer.misfit().add("1", "2"));
        add("refused/wrong-version", peer -> peer.version("9.9.9").echo("x"));
        add("refused/wrong-group", peer -> peer.group("nope").echo("x"));
        add("refused/unknown-path", peer -> peer.path("org.wubbo.demo.NoSuchService").echo("x"));
        add("refused/then-echo", peer -> peer.service().echo("still here"));
    }

    /** How a call is made, not what it carries. */
    private void manners() {
        add("one-way/touch", peer -> {
            peer.oneWay().touch();
            return peer.oneWay().echo("after one-way");
        });
        add("async/asyncCall", peer -> {
            // An answer that is there before the caller has the future would come without its attachments.
            Callable<String> call = () -> peer.service().sleep(100);
            return Answer.of(Api.asyncCall(call));
        });
        add("async/reference", peer -> {
            peer.async().getUser("7");
            return Answer.of(Api.future());
        });
        add("async/failure", peer -> {
            peer.async().fail("later");
            return Answer.of(Api.future());
        });
        add("timeout/sleep-3000", peer -> peer.shortTimeout().sleep(3000));
        add("timeout/then-echo", peer -> peer.shortTimeout().echo("still here"));
        add("concurrency/64x50", peer -> concurrent(peer.service()));
    }

    /** The number of right answers to distinct texts asked for by many threads over one connection. */
    private static Object concurrent(EchoService service) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<Integer>> counts = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                String prefix = "t" + thread + "-";
                counts.add(threads.submit(() -> {
                    int right = 0;
                    for (int i = 0; i < CALLS_PER_THREAD; i++) {
                        String text = prefix + i;
                        right += text.equals(service.echo(text)) ? 1 : 0;
                    }
                    return right;
                }));
            }
            int right = 0;
            for (Future<Integer> count : counts) {
                right += count.get(30, TimeUnit.SECONDS);
            }
            return right;
        } finally {
            threads.shutdownNow();
        }
    }

    /** Sets the attachments on the next call only; Dubbo takes them back after it. */
    private static WithAttachments with(Map<String, Object> attachments) {
        return new WithAttachments(attachments);
    }

    private record WithAttachments(Map<String, Object> attachments) {
        Object attachments(Peer peer) {
            attachments.forEach(Api::setAttachment);
            return peer.service().attachments();
        }
    }

    private static Map<String, Object> mixedMap() {
        Map<String, Object> map = new HashMap<>();
        map.put("int", 1);
        map.put("long", 2L);
        map.put("text", "\u4e2d");
        map.put("double", 12.25);
        map.put("null", null);
        map.put("list", new ArrayList<>(List.of("a", 1)));
        map.put("map", new HashMap<>(Map.of("k", true)));
        map.put("user", EchoServiceImpl.user("7"));
        map.put("sex", Sex.WOMAN);
        map.put("bytes", new byte[] {1, 2});
        return map;
    }

    private static Map<String, Object> userMap(String id) {
        Map<String, Object> map = new HashMap<>();
        map.put("class", "org.wubbo.demo.User");
        map.put("id", id);
        map.put("name", "generic");
        map.put("age", 30);
        map.put("sex", "WOMAN");
        map.put("tags", new ArrayList<>(List.of("x")));
        return map;
    }
}
