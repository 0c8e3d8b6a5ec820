package org.wubbo.interop;

import java.util.Map;
import org.apache.dubbo.config.ApplicationConfig;

/** What provider and consumer configure alike. */
final class Setup {
    /**
     * 127.0.0.1 as one decimal number. Dubbo refuses a bind address that starts with "127." and replaces such an
     * address of a provider by one of the machine's network card ({@code NetUtils.isInvalidLocalHost}); this spelling
     * passes in both roles and keeps all traffic on loopback.
     */
    static final String LOOPBACK = "2130706433";

    /** Both keys, because which of them decides depends on the version of the consumer. */
    static final Map<String, String> HESSIAN2 =
            Map.of("serialization", "hessian2", "prefer.serialization", "hessian2");

    private Setup() {}

    static ApplicationConfig application(String name) {
        ApplicationConfig application = new ApplicationConfig(name);
        application.setQosEnable(false);
        Api.configure(application);
        return application;
    }
}
