package org.wubbo.interop;

import java.util.concurrent.atomic.LongAdder;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.wubbo.demo.EchoService;

/**
 * A consumer of one connection that calls one method all the time from many threads, each sending its next call when the last one is
 * answered. Prints how many calls were answered so far, every 200 ms. It ends with status 1 at the first failure, and when its
 * standard input is closed.
 */
final class Load {
    private static final String TEXT = "x".repeat(128);
    private static final int LIST = 15;
    private static final long LINE_MS = 200;

    private Load() {}

    static void run(Flags flags) throws InterruptedException {
        DubboBootstrap bootstrap = DubboBootstrap.getInstance();
        bootstrap.application(Setup.application("wubbo-demo-consumer", flags)).start();
        EchoService service = new Peer(flags).service();
        Runnable call = call(service, flags.require("--method"));
        LongAdder answered = new LongAdder();
        int callers = Integer.parseInt(flags.get("--callers", "64"));
        for (int caller = 0; caller < callers; caller++) {
            background("caller " + caller, () -> {
                while (true) {
                    call.run();
                    answered.increment();
                }
            });
        }
        background("end of input", () -> {
            Provider.awaitEndOfInput();
            Runtime.getRuntime().halt(0);
        });
        while (true) {
            Thread.sleep(LINE_MS);
            System.out.println(answered.sum());
        }
    }

    private static Runnable call(EchoService service, String method) {
        return switch (method) {
            case "touch" -> service::touch;
            case "echo" -> () -> service.echo(TEXT);
            case "getUser" -> () -> service.getUser("7");
            case "listUsers" -> () -> service.listUsers(LIST);
            default -> throw new IllegalArgumentException("no such call: " + method);
        };
    }

    private static void background(String name, Runnable work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (Throwable failure) {
                        failure.printStackTrace();
                        Runtime.getRuntime().halt(1);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }
}
