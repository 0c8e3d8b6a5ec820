package org.wubbo.interop;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.wubbo.demo.EchoService;

/**
 * An ordinary consumer that finds its providers through a registry and calls {@code whoami} at a steady rate, without retries. It
 * counts for itself: who answered, what failed, when the last of those that failed was begun (milliseconds since 1970, 0 for none), and
 * how many calls were in flight at most. Prints the counts of each slice of time as one JSON line. It ends when its standard input is
 * closed.
 */
final class Steady {
    private static final int TIMEOUT_MS = 10_000;
    private static final long SLICE_MS = 200;

    /** What happened since the last line. */
    private static final class Slice {
        private final Map<String, Long> shares = new TreeMap<>();
        private final Map<String, Long> failures = new TreeMap<>();
        private long calls;
        private int inFlightMax;
        private long lastFailedBegunMs;
    }

    private final EchoService service;
    private final long periodNs;
    private int inFlight;
    private Slice slice = new Slice();

    private Steady(EchoService service, long periodNs) {
        this.service = service;
        this.periodNs = periodNs;
    }

    static void run(Flags flags) throws InterruptedException {
        DubboBootstrap bootstrap = DubboBootstrap.getInstance();
        bootstrap.application(Setup.application(flags.require("--application"), flags))
                .registry(new RegistryConfig(flags.require("--registry-url")))
                .start();
        ReferenceConfig<EchoService> reference = new ReferenceConfig<>();
        reference.setInterface(EchoService.class);
        reference.setVersion("1.0.0");
        reference.setTimeout(TIMEOUT_MS);
        reference.setRetries(0);
        Api.configure(reference);
        int threads = Integer.parseInt(flags.get("--threads", "4"));
        long rate = Long.parseLong(flags.get("--rate", "200"));
        Steady steady = new Steady(reference.get(), threads * 1_000_000_000L / rate);
        start("end of input", () -> {
            Provider.awaitEndOfInput();
            Runtime.getRuntime().halt(0);
        });
        for (int thread = 0; thread < threads; thread++) {
            long offset = thread * steady.periodNs / threads;
            start("calls " + thread, () -> steady.calls(offset));
        }
        while (true) {
            Thread.sleep(SLICE_MS);
            System.out.println(Json.write(steady.take()));
        }
    }

    private static void start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void calls(long offset) {
        long next = System.nanoTime() + offset;
        while (true) {
            long wait = next - System.nanoTime();
            if (wait > 0) {
                pause(wait);
            } else if (wait < -1_000_000_000L) {
                // What a machine that stood still could not call is not made up for at once.
                next = System.nanoTime();
            }
            next += periodNs;
            call();
        }
    }

    private void call() {
        long begunMs = System.currentTimeMillis();
        synchronized (this) {
            slice.calls++;
            inFlight++;
            slice.inFlightMax = Math.max(slice.inFlightMax, inFlight);
        }
        String name = null;
        String failure = null;
        try {
            name = service.whoami();
        } catch (Throwable thrown) {
            failure = String.valueOf(thrown.getMessage());
        }
        synchronized (this) {
            inFlight--;
            if (failure == null) {
                slice.shares.merge(name, 1L, Long::sum);
            } else {
                slice.failures.merge(failure.substring(0, Math.min(2000, failure.length())), 1L, Long::sum);
                slice.lastFailedBegunMs = Math.max(slice.lastFailedBegunMs, begunMs);
            }
        }
    }

    private static void pause(long nanos) {
        try {
            Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
        } catch (InterruptedException stopped) {
            throw new IllegalStateException("nobody interrupts a caller", stopped);
        }
    }

    private synchronized Map<String, Object> take() {
        Slice taken = slice;
        slice = new Slice();
        slice.inFlightMax = inFlight;
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("pid", ProcessHandle.current().pid());
        line.put("calls", taken.calls);
        line.put("shares", taken.shares);
        line.put("failures", taken.failures);
        line.put("in_flight_max", (long) taken.inFlightMax);
        line.put("last_failed_begun_ms", taken.lastFailedBegunMs);
        return line;
    }
}
