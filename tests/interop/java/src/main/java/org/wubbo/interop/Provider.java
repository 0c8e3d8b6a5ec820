package org.wubbo.interop;

import java.io.IOException;
import java.util.Map;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.wubbo.demo.EchoService;

/**
 * Exports the demo service over {@code dubbo://127.0.0.1:<port>}. Prints {@code READY <port>} once it serves. It stops
 * as Dubbo does on SIGTERM, and at once when its standard input is closed, so that it never outlives the harness.
 */
final class Provider {
    private Provider() {}

    static void run(Flags flags) {
        int port = Integer.parseInt(flags.require("--port"));
        System.setProperty("DUBBO_IP_TO_BIND", Setup.LOOPBACK);

        ProtocolConfig protocol = new ProtocolConfig("dubbo", port);
        Map<String, String> serialization = Setup.serialization(flags);
        protocol.setSerialization(serialization.get("serialization"));
        protocol.setParameters(serialization);
        protocol.setSslEnabled(Setup.ssl(flags));
        String threads = flags.get("--threads", null);
        if (threads != null) {
            protocol.setThreads(Integer.valueOf(threads));
        }

        ServiceConfig<EchoService> service = new ServiceConfig<>();
        service.setInterface(EchoService.class);
        service.setVersion(flags.get("--version", "1.0.0"));
        service.setRef(new EchoServiceImpl(flags.get("--name", System.getProperty("name", "java"))));

        DubboBootstrap.getInstance()
                .application(Setup.application("wubbo-demo-provider", flags))
                .registry(new RegistryConfig(flags.get("--registry-url", RegistryConfig.NO_AVAILABLE)))
                .protocol(protocol)
                .service(service)
                .start();
        System.out.println("READY " + port);
        awaitEndOfInput();
        // Whoever started this process is gone, so nobody waits for a graceful stop; SIGTERM is the way to one.
        Runtime.getRuntime().halt(0);
    }

    static void awaitEndOfInput() {
        try {
            while (System.in.read() >= 0) {
                // Input is not a language here; only its end means something.
            }
        } catch (IOException gone) {
            // A broken pipe is an end as well.
        }
    }
}
