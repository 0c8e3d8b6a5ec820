package org.wubbo.interop;

import com.alibaba.com.caucho.hessian.io.Hessian2Input;
import com.alibaba.com.caucho.hessian.io.Hessian2Output;
import com.alibaba.com.caucho.hessian.io.SerializerFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Times hessian-lite on the contract's User and on a list of 15 of them, warmed: operation and nanoseconds, separated by
 * a tab, one line each. Of several rounds the best counts, as that is the one which was disturbed least.
 */
final class Bench {
    private static final SerializerFactory FACTORY = new SerializerFactory();
    private static final int ROUNDS = 9;
    private static final long ROUND_NANOS = 150_000_000L;

    /** Kept, so that nothing is optimised away. */
    private static Object sink;

    private interface Operation {
        Object run() throws IOException;
    }

    private Bench() {}

    static void run() throws IOException {
        List<Object> users = new ArrayList<>();
        for (int i = 0; i < 15; i++) {
            users.add(EchoServiceImpl.user(Integer.toString(i)));
        }
        measure("User", EchoServiceImpl.user("7"));
        measure("15 Users", users);
    }

    private static void measure(String name, Object subject) throws IOException {
        byte[] bytes = encode(subject, new ByteArrayOutputStream());
        ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 16);
        time("encode " + name, () -> encode(subject, out));
        time("decode " + name, () -> decode(bytes));
    }

    private static byte[] encode(Object subject, ByteArrayOutputStream bytes) throws IOException {
        bytes.reset();
        Hessian2Output out = new Hessian2Output(bytes);
        out.setSerializerFactory(FACTORY);
        out.writeObject(subject);
        out.flush();
        return bytes.toByteArray();
    }

    private static Object decode(byte[] bytes) throws IOException {
        Hessian2Input in = new Hessian2Input(new ByteArrayInputStream(bytes));
        in.setSerializerFactory(FACTORY);
        return in.readObject();
    }

    private static void time(String name, Operation operation) throws IOException {
        // The first rounds are the warm-up: the compilers are done within the second.
        double best = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            best = Math.min(best, round(operation));
        }
        System.out.printf("%s\t%.0f%n", name, best);
    }

    private static double round(Operation operation) throws IOException {
        long start = System.nanoTime();
        long end = start;
        long count = 0;
        while (end - start < ROUND_NANOS) {
            for (int i = 0; i < 100; i++) {
                sink = operation.run();
            }
            count += 100;
            end = System.nanoTime();
        }
        return (double) (end - start) / count;
    }
}
