package org.wubbo.interop;

import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.RpcContext;

/** What Dubbo 3 spells in its own way; the class of the same name in {@code src/dubbo2} is that of Dubbo 2.7. */
final class Api {
    static final String HESSIAN_LITE = "4.0.4";

    private Api() {}

    static void configure(ApplicationConfig application) {
        application.setEnableFileCache(false);
        // Dubbo's class allow-list would refuse java.util.Stack and the like before hessian-lite sees them;
        // what is compared here is the serialization. The deny-list of hessian-lite stays in force.
        application.setSerializeCheckStatus("DISABLE");
    }

    static void configure(ReferenceConfig<?> reference) {
        reference.setScopeModel(DubboBootstrap.getInstance().getApplicationModel().getDefaultModule());
    }

    /** The addresses that a reference is given, separated by semicolons. */
    static String addresses(String addresses) {
        return addresses;
    }

    /** Nothing of an earlier call of this thread is left. */
    static void forget() {
        RpcContext.removeContext();
        RpcContext.removeClientResponseContext();
    }

    /** For the next call of this thread. */
    static void setAttachment(String key, Object value) {
        RpcContext.getClientAttachment().setObjectAttachment(key, value);
    }

    /** What the last call of this thread was answered with. */
    static Map<String, Object> responseAttachments() {
        return RpcContext.getClientResponseContext().getObjectAttachments();
    }

    /** In a provider: what the call came with. */
    static Map<String, Object> requestAttachments() {
        return RpcContext.getServerAttachment().getObjectAttachments();
    }

    /** In a provider: goes with the answer. */
    static void setResponseAttachment(String key, String value) {
        RpcContext.getServerResponseContext().setAttachment(key, value);
    }

    /** Of the last call of this thread, when its reference is asynchronous. */
    static Future<?> future() {
        return RpcContext.getServiceContext().getFuture();
    }

    static <T> Future<T> asyncCall(Callable<T> call) {
        return RpcContext.getServiceContext().asyncCall(call);
    }
}
