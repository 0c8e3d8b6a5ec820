package org.wubbo.interop;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.wubbo.demo.EchoService;

/**
 * An ordinary consumer that calls {@code whoami} all the time from two threads, one of which asks for a tag, and counts who answered.
 * Prints the counts of each slice of time as one JSON line. It ends when its standard input is closed.
 */
final class Caller {
    private static final String TAG_KEY = "dubbo.tag";

    /** What happened since the last line. */
    private static final class Slice {
        private final Map<String, Long> plain = new TreeMap<>();
        private final Map<String, Long> tagged = new TreeMap<>();
        private long failed;
        private String failure;

        Map<String, Object> line() {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("plain", plain);
            line.put("tagged", tagged);
            line.put("failed", failed);
            line.put("failure", failure);
            return line;
        }
    }

    private final EchoService service;
    private final long pauseMs;
    private Slice slice = new Slice();

    private Caller(EchoService service, long pauseMs) {
        this.service = service;
        this.pauseMs = pauseMs;
    }

    static void run(Flags flags) throws InterruptedException {
        DubboBootstrap bootstrap = DubboBootstrap.getInstance();
        bootstrap.application(Setup.application("wubbo-demo-consumer", flags)).start();
        EchoService service = new Peer(flags).service();
        Caller caller = new Caller(service, Long.parseLong(flags.get("--pause-ms", "2")));
        caller.start(null);
        caller.start(flags.require("--tag"));
        start("end of input", () -> {
            Provider.awaitEndOfInput();
            Runtime.getRuntime().halt(0);
        });
        long sliceMs = Long.parseLong(flags.get("--slice-ms", "200"));
        while (true) {
            Thread.sleep(sliceMs);
            System.out.println(Json.write(caller.take().line()));
        }
    }

    private void start(String tag) {
        start(tag == null ? "plain calls" : "tagged calls", () -> {
            while (true) {
                call(tag);
                pause();
            }
        });
    }

    private static void start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void call(String tag) {
        if (tag != null) {
            Api.setAttachment(TAG_KEY, tag);
        }
        try {
            String name = service.whoami();
            synchronized (this) {
                (tag == null ? slice.plain : slice.tagged).merge(name, 1L, Long::sum);
            }
        } catch (Throwable failure) {
            synchronized (this) {
                slice.failed++;
                slice.failure = String.valueOf(failure.getMessage());
            }
        }
    }

    private void pause() {
        try {
            Thread.sleep(pauseMs);
        } catch (InterruptedException stopped) {
            throw new IllegalStateException("nobody interrupts a caller", stopped);
        }
    }

    private synchronized Slice take() {
        Slice taken = slice;
        slice = new Slice();
        return taken;
    }
}
