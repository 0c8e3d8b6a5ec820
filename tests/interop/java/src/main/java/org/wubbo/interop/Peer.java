package org.wubbo.interop;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.dubbo.config.MethodConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.rpc.service.GenericService;
import org.wubbo.demo.EchoService;

/** The references that the cases call through, all to one direct address; each is made when it is first asked for. */
public final class Peer {
    static final int TIMEOUT_MS = 10_000;
    static final int SHORT_TIMEOUT_MS = 500;

    private static final String INTERFACE = "org.wubbo.demo.EchoService";

    /** Methods that no provider has, called at the path of the real interface. */
    public interface Misfit {
        String nope(String text);

        String echo(int number);

        String add(String a, String b);
    }

    private final String url;
    private final Map<String, String> parameters;
    private final Map<String, Object> made = new HashMap<>();

    /** Its flags: {@code --url dubbo://host:port}, more than one separated by commas, and {@code --serialization}. */
    Peer(Flags flags) {
        String addresses = flags.require("--url");
        this.parameters = new HashMap<>(Setup.serialization(flags));
        if (Setup.ssl(flags)) {
            parameters.put("ssl-enabled", "true");
            // A JVM that has just started needs more than Dubbo's three seconds on a busy machine.
            parameters.put("connect.timeout", "20000");
        }
        // Dubbo would connect to an address of the machine's network card instead (NetUtils.filterLocalHost).
        String reachable = addresses.replace("//127.0.0.1:", "//" + Setup.LOOPBACK + ":");
        this.url = Api.addresses(reachable.replace(',', ';'));
    }

    EchoService service() {
        return make("service", EchoService.class, reference -> {});
    }

    GenericService generic() {
        return make("generic", GenericService.class, reference -> {
            reference.setInterface(INTERFACE);
            reference.setGeneric("true");
        });
    }

    Misfit misfit() {
        return make("misfit", Misfit.class, reference -> reference.setUrl(withPath(url, INTERFACE)));
    }

    EchoService path(String path) {
        return make("path " + path, EchoService.class, reference -> reference.setUrl(withPath(url, path)));
    }

    EchoService version(String version) {
        return make("version " + version, EchoService.class, reference -> reference.setVersion(version));
    }

    EchoService group(String group) {
        return make("group " + group, EchoService.class, reference -> reference.setGroup(group));
    }

    EchoService oneWay() {
        return make("one way", EchoService.class, reference -> {
            MethodConfig touch = new MethodConfig();
            touch.setName("touch");
            touch.setReturn(false);
            reference.setMethods(List.of(touch));
        });
    }

    EchoService shortTimeout() {
        return make("short timeout", EchoService.class, reference -> reference.setTimeout(SHORT_TIMEOUT_MS));
    }

    EchoService async() {
        return make("async", EchoService.class, reference -> reference.setAsync(true));
    }

    @SuppressWarnings("unchecked")
    private <T> T make(String name, Class<T> type, Consumer<ReferenceConfig<T>> change) {
        return (T) made.computeIfAbsent(name, unused -> {
            ReferenceConfig<T> reference = new ReferenceConfig<>();
            if (type != GenericService.class) {
                reference.setInterface(type);
            }
            reference.setUrl(url);
            reference.setVersion("1.0.0");
            reference.setTimeout(TIMEOUT_MS);
            // One attempt, so that a failure is the provider's own answer; the first call connects.
            reference.setRetries(0);
            reference.setCheck(false);
            reference.setParameters(new HashMap<>(parameters));
            change.accept(reference);
            Api.configure(reference);
            return reference.get();
        });
    }

    private static String withPath(String urls, String path) {
        return urls.replace(";", "/" + path + ";") + "/" + path;
    }
}
