package org.wubbo.interop;

import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.rpc.RpcContext;

/** What Dubbo 2.7 spells in its own way; the class of the same name in {@code src/dubbo3} is that of Dubbo 3. */
final class Api {
    static final String HESSIAN_LITE = "3.2.13";

    private Api() {}

    /** Nothing: there is no class check to switch off, and no file cache. */
    static void configure(ApplicationConfig application) {}

    /** For several direct addresses Dubbo 2.7 chooses a strategy of its own, which fails on such addresses. */
    static void configure(ReferenceConfig<?> reference) {
        reference.setCluster("failover");
    }

    /**
     * The addresses that a reference is given, separated by semicolons. A single one is named twice: with one address
     * Dubbo 2.7 builds no cluster, and so neither takes a call's attachments back nor shows those of its answer.
     */
    static String addresses(String addresses) {
        return addresses.indexOf(';') < 0 ? addresses + ";" + addresses : addresses;
    }

    /** Nothing of an earlier call of this thread is left. */
    static void forget() {
        RpcContext.removeContext();
        RpcContext.removeServerContext();
    }

    /** For the next call of this thread. */
    static void setAttachment(String key, Object value) {
        RpcContext.getContext().setObjectAttachment(key, value);
    }

    /** What the last call of this thread was answered with. */
    static Map<String, Object> responseAttachments() {
        return RpcContext.getServerContext().getObjectAttachments();
    }

    /** In a provider: what the call came with. */
    static Map<String, Object> requestAttachments() {
        return RpcContext.getContext().getObjectAttachments();
    }

    /** In a provider: goes with the answer. */
    static void setResponseAttachment(String key, String value) {
        RpcContext.getServerContext().setAttachment(key, value);
    }

    /** Of the last call of this thread, when its reference is asynchronous. */
    static Future<?> future() {
        return RpcContext.getContext().getFuture();
    }

    static <T> Future<T> asyncCall(Callable<T> call) {
        return RpcContext.getContext().asyncCall(call);
    }
}
