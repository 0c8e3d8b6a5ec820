package org.wubbo.interop;

import java.util.Map;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.SslConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;

/** What provider and consumer configure alike. */
final class Setup {
    /**
     * 127.0.0.1 as one decimal number. Dubbo refuses a bind address that starts with "127." and replaces such an
     * address of a provider by one of the machine's network card ({@code NetUtils.isInvalidLocalHost}); this spelling
     * passes in both roles and keeps all traffic on loopback.
     */
    static final String LOOPBACK = "2130706433";

    /** Both keys, because which of them decides depends on the version of the consumer. */
    private static final Map<String, String> HESSIAN2 =
            Map.of("serialization", "hessian2", "prefer.serialization", "hessian2");

    private Setup() {}

    /** Hessian2 is pinned unless the flag {@code --serialization own} leaves the choice to Dubbo. */
    static Map<String, String> serialization(Flags flags) {
        return flags.get("--serialization", "hessian2").equals("own") ? Map.of() : HESSIAN2;
    }

    /** Whether TLS is wanted: {@code --ssl} is a folder of PEM files; with {@code --ssl-auth mutual} a provider wants to see one. */
    static boolean ssl(Flags flags) {
        return flags.get("--ssl", null) != null;
    }

    static ApplicationConfig application(String name, Flags flags) {
        if (ssl(flags)) {
            // Dubbo 3.3.6 brings Netty 4.2, which checks the host's name, and does not tell it the name: no consumer connects.
            System.setProperty("io.netty.handler.ssl.defaultEndpointVerificationAlgorithm", "NONE");
            boolean mutual = flags.get("--ssl-auth", "one-way").equals("mutual");
            DubboBootstrap.getInstance().ssl(certificates(flags.require("--ssl"), mutual));
        }
        ApplicationConfig application = new ApplicationConfig(name);
        application.setQosEnable(false);
        Api.configure(application);
        return application;
    }

    private static SslConfig certificates(String folder, boolean mutual) {
        SslConfig ssl = new SslConfig();
        ssl.setServerKeyCertChainPath(folder + "/server.pem");
        ssl.setServerPrivateKeyPath(folder + "/server.key");
        ssl.setClientTrustCertCollectionPath(folder + "/signer.pem");
        // A consumer of Dubbo without a certificate of its own speaks no TLS at all, whatever the URL says.
        ssl.setClientKeyCertChainPath(folder + "/client.pem");
        ssl.setClientPrivateKeyPath(folder + "/client.key");
        if (mutual) {
            ssl.setServerTrustCertCollectionPath(folder + "/signer.pem");
        }
        return ssl;
    }
}
