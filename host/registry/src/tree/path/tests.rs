//! Names of nodes against the vectors of the spec and against what real Dubbo Java wrote.

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[track_caller]
fn check(text: &str, directory: &str, name: &str) {
    let entry = Root::new("dubbo").unwrap().entry(&url(text)).unwrap();
    assert_eq!(entry, (directory.to_owned(), name.to_owned()), "{text}");
}

/// Vectors of spec 30 and 50 by their ids, without the parameters that a caller adds. F-06: what is announced says by its protocol and
/// category what it is; there is no role that could be missing.
#[test]
fn writes_what_dubbo_java_writes() {
    // V-BASE-04, V-ZK-01, 001-T1: one encoding, parameters sorted.
    check(
        "dubbo://127.0.0.1:20000/com.ikurento.user.UserProvider?serviceid=soa.mock&pid=4242&ip=10.0.0.9&cluster=mock&anyhost=true",
        "/dubbo/com.ikurento.user.UserProvider/providers",
        "dubbo%3A%2F%2F127.0.0.1%3A20000%2Fcom.ikurento.user.UserProvider%3Fanyhost%3Dtrue%26cluster%3Dmock%26ip%3D10.0.0.9%26pid%3D4242%26serviceid%3Dsoa.mock",
    );
    // V-BASE-05, 001-T12: an inner class.
    check(
        "tri://h:1/io.grpc.examples.helloworld.GreeterGrpc$IGreeter",
        "/dubbo/io.grpc.examples.helloworld.GreeterGrpc%24IGreeter/providers",
        "tri%3A%2F%2Fh%3A1%2Fio.grpc.examples.helloworld.GreeterGrpc%24IGreeter",
    );
    // Spec 50 4.0: a path that is not the interface, methods as a comma list.
    check(
        "jsonrpc://116.211.15.192:30880/im.youni.iccs.status.api.StatusUpdateService2?anyhost=true&application=status-dubbo-p&default.threads=100&dubbo=2.5.3&interface=im.youni.iccs.status.api.StatusUpdateService&methods=logout,updateLocale,heartbeat,clearStatus,login0,login&pid=10324&revision=0.0.5&server=jetty&side=provider&timestamp=1470730434282",
        "/dubbo/im.youni.iccs.status.api.StatusUpdateService/providers",
        "jsonrpc%3A%2F%2F116.211.15.192%3A30880%2Fim.youni.iccs.status.api.StatusUpdateService2%3Fanyhost%3Dtrue%26application%3Dstatus-dubbo-p%26default.threads%3D100%26dubbo%3D2.5.3%26interface%3Dim.youni.iccs.status.api.StatusUpdateService%26methods%3Dlogout%2CupdateLocale%2Cheartbeat%2CclearStatus%2Clogin0%2Clogin%26pid%3D10324%26revision%3D0.0.5%26server%3Djetty%26side%3Dprovider%26timestamp%3D1470730434282",
    );
    // Spec 30 12.2: Java's encoder keeps the star and encodes the tilde.
    check(
        "override://0.0.0.0/a.B?category=configurators&version=*&note=~",
        "/dubbo/a.B/configurators",
        "override%3A%2F%2F0.0.0.0%2Fa.B%3Fcategory%3Dconfigurators%26note%3D%7E%26version%3D*",
    );
    check(
        "consumer://10.0.0.1/a.B",
        "/dubbo/a.B/consumers",
        "consumer%3A%2F%2F10.0.0.1%2Fa.B",
    );
}

/// V-BASE-03, F-08: what older and other writers left is read.
#[test]
fn reads_every_writers_form() {
    let go = "dubbo%3A%2F%2Fh%3A1%2FUserProvider%3Finterface%3Da.B%26methods%3Da%252Cb%26module%3Ddubbogo%2Bclient";
    let found = read(go, "a.B", PROVIDERS).unwrap();
    assert_eq!(
        (found.get("methods"), found.get("module")),
        (Some("a,b"), Some("dubbogo client"))
    );
    let java = "dubbo%3A%2F%2Fh%3A1%2Fa.B%3Fmethods%3Da%2Cb%26module%3Ddubbogo+client";
    assert_eq!(
        read(java, "a.B", PROVIDERS).unwrap().get("methods"),
        Some("a,b")
    );
    let consumer = "consumer%3A%2F%2F172.17.0.8%2FUserProvider%3Fcategory%3Dconsumers%26dubbo%3Ddubbogo-consumer-2.6.0%26protocol%3Ddubbo";
    let found = read(consumer, "UserProvider", "consumers").unwrap();
    assert_eq!(found.host(), "172.17.0.8");
    let rule = read("route%3A%2F%2F0.0.0.0%2Fa.B", "a.B", "routers").unwrap();
    assert_eq!(rule.get("category"), Some("routers"));
    for text in [
        "dubbo://h:1/a.B?x=%26%3D%25&y=a+b%2B*~&z=%E2%82%AC",
        "tri://[::1]:50051/a.B$C?methods=x%2Cy",
    ] {
        let url = url(text);
        let (_, name) = Root::new("dubbo").unwrap().entry(&url).unwrap();
        assert_eq!(read(&name, url.service(), PROVIDERS), Ok(url), "{text}");
    }
}

/// V-BASE-01, V-BASE-02: what dubbo-go 1.5 wrote, every value encoded twice, is read as it was meant.
#[test]
fn reads_what_dubbo_go_1_5_wrote() {
    let name = "dubbo%3A%2F%2F172.17.0.6%3A20000%2FUserProvider%3Faccesslog%3D%26anyhost%3Dtrue%26app.version%3D0.0.1%26application%3DBDTService%26auth%3D%26bean.name%3DUserProvider%26cluster%3Dfailover%26environment%3Ddev%26execute.limit%3D%26execute.limit.rejected.handler%3D%26group%3D%26interface%3Dcom.ikurento.user.UserProvider%26ip%3D172.17.0.6%26loadbalance%3Drandom%26methods.GetUser.loadbalance%3Drandom%26methods.GetUser.retries%3D1%26methods.GetUser.tps.limit.interval%3D%26methods.GetUser.tps.limit.rate%3D%26methods.GetUser.tps.limit.strategy%3D%26methods.GetUser.weight%3D0%26module%3Ddubbogo%2Buser-info%2Bserver%26name%3DBDTService%26organization%3Dikurento.com%26owner%3DZX%26param.sign%3D%26pid%3D6%26registry.role%3D3%26release%3Ddubbo-golang-1.3.0%26retries%3D%26service.filter%3Decho%252Ctoken%252Caccesslog%252Ctps%252Cgeneric_service%252Cexecute%252Cpshutdown%26side%3Dprovider%26timestamp%3D1591156155%26tps.limit.interval%3D%26tps.limit.rate%3D%26tps.limit.rejected.handler%3D%26tps.limit.strategy%3D%26tps.limiter%3D%26version%3D%26warmup%3D100";
    let found = read(name, "com.ikurento.user.UserProvider", PROVIDERS).unwrap();
    assert_eq!((found.host(), found.port()), ("172.17.0.6", Some(20000)));
    for (key, value) in [
        ("module", "dubbogo user-info server"),
        (
            "service.filter",
            "echo,token,accesslog,tps,generic_service,execute,pshutdown",
        ),
        ("methods.GetUser.retries", "1"),
        ("organization", "ikurento.com"),
        ("timestamp", "1591156155"),
        ("warmup", "100"),
    ] {
        assert_eq!(found.get(key), Some(value), "{key}");
    }
}

#[test]
fn says_what_is_wrong_with_an_entry() {
    for (name, cause) in [
        ("hello", "scheme"),
        ("dubbo%3A%2F%2Fh%3A99999%2Fa.B", "port"),
        ("dubbo%3A%2F%2F%2Fa.B", "names no protocol and host"),
        ("dubbo%3A%2F%2Fh%3A1%2Fa.C", "names interface \"a.C\""),
        ("%FF%zz", ""),
    ] {
        let reason = read(name, "a.B", PROVIDERS).unwrap_err();
        assert!(reason.contains(cause), "{name}: {reason}");
    }
}

#[test]
fn roots_and_what_cannot_be_one() {
    for (group, root) in [
        ("dubbo", "/dubbo"),
        ("/abc", "/abc"),
        ("a/b/", "/a/b"),
        ("/", "/"),
    ] {
        assert_eq!(Root::new(group).unwrap().as_str(), root);
    }
    assert_eq!(
        Root::new("/").unwrap().directory("a.B", "providers"),
        "/a.B/providers"
    );
    for group in ["a//b", "a/../b", ".", "a\u{7}"] {
        assert!(
            Root::new(group).unwrap_err().contains("expected a name"),
            "{group}"
        );
    }
}

#[test]
fn refuses_what_cannot_be_announced() {
    let root = Root::new("dubbo").unwrap();
    let long = format!("dubbo://h:1/a.B?x={}", "y".repeat(PATH_BYTES_MAX));
    for (text, cause) in [
        ("dubbo://h:1", "names no interface"),
        ("dubbo://h:1/*", "cannot be announced"),
        ("dubbo://h:1/a.B?category=a,b", "cannot be announced"),
        ("dubbo://h:1/a.B?category=..", "cannot be announced"),
        (long.as_str(), "simplified=true"),
    ] {
        let reason = root.entry(&url(text)).unwrap_err();
        assert!(reason.contains(cause), "{reason}");
    }
}

#[test]
fn categories_of_a_subscription() {
    let of = |text: &str| categories(&url(&format!("consumer://c/a.B{text}"))).join(" ");
    assert_eq!(of(""), "providers");
    assert_eq!(
        of("?category=providers, routers,routers,"),
        "providers routers"
    );
    assert_eq!(
        of("?category=*"),
        "providers consumers routers configurators"
    );
    assert_eq!(
        of("?category=-routers"),
        "providers consumers routers configurators"
    );
    assert_eq!(of("?category=../x"), "");
}

/// Providers and consumers that Dubbo Java 3.3.6 and 2.7.23 registered at ZooKeeper 3.8.0, as they lay there.
const JAVA: [(&str, &str); 4] = [
    (
        "consumers",
        "consumer%3A%2F%2F192.0.2.2%2Forg.apache.dubbo.rpc.service.GenericService%3Fapplication%3Dask%26category%3Dconsumers%26check%3Dfalse%26dubbo%3D2.0.2%26generic%3Dtrue%26interface%3Dorg.wubbo.demo.EchoService%26metadata-type%3Dremote%26pid%3D6964%26qos.enable%3Dfalse%26release%3D2.7.23%26side%3Dconsumer%26sticky%3Dfalse%26timeout%3D3000%26timestamp%3D1795273287883%26version%3D3.0.0",
    ),
    (
        "consumers",
        "consumer%3A%2F%2F192.0.2.2%2Forg.wubbo.demo.EchoService%3Fapplication%3Dask%26background%3Dfalse%26category%3Dconsumers%26check%3Dfalse%26dubbo%3D2.0.2%26executor-management-mode%3Disolation%26file-cache%3Dtrue%26generic%3Dtrue%26interface%3Dorg.wubbo.demo.EchoService%26pid%3D6963%26qos.enable%3Dfalse%26release%3D3.3.6%26side%3Dconsumer%26sticky%3Dfalse%26timeout%3D3000%26timestamp%3D1795273288984%26unloadClusterRelated%3Dfalse%26version%3D3.0.0",
    ),
    (
        "providers",
        "dubbo%3A%2F%2F2130706433%3A20991%2Forg.wubbo.demo.EchoService%3Fapplication%3Dwubbo-demo-provider%26deprecated%3Dfalse%26dubbo%3D2.0.2%26dynamic%3Dtrue%26generic%3Dfalse%26interface%3Dorg.wubbo.demo.EchoService%26methods%3Dadd%2CaddLong%2Cattachments%2Ccrash%2Cdescribe%2Cecho%2CechoBytes%2CechoObject%2Cfail%2Cflip%2CgetUser%2ClistUsers%2Cnegate%2CsaveUser%2Cscale%2Csleep%2Ctouch%2Cwhoami%26prefer.serialization%3Dhessian2%26release%3D3.3.6%26revision%3Dpeer%26serialization%3Dhessian2%26serialize.check.status%3DDISABLE%26service-name-mapping%3Dtrue%26side%3Dprovider%26timestamp%3D1795273032991%26version%3D1.0.0",
    ),
    (
        "providers",
        "dubbo%3A%2F%2F2130706433%3A20992%2Forg.wubbo.demo.EchoService%3Fanyhost%3Dfalse%26application%3Dwubbo-demo-provider%26deprecated%3Dfalse%26dubbo%3D2.0.2%26dynamic%3Dtrue%26generic%3Dfalse%26interface%3Dorg.wubbo.demo.EchoService%26metadata-type%3Dremote%26methods%3Dadd%2CechoObject%2Cwhoami%2Cattachments%2CechoBytes%2CgetUser%2Cscale%2Ctouch%2Cecho%2Ccrash%2Csleep%2Cfail%2Cnegate%2ClistUsers%2CaddLong%2Cdescribe%2Cflip%2CsaveUser%26pid%3D23777%26prefer.serialization%3Dhessian2%26release%3D2.7.23%26revision%3Dpeer%26serialization%3Dhessian2%26service.name%3DServiceBean%3A%2Forg.wubbo.demo.EchoService%3A1.0.0%26side%3Dprovider%26timestamp%3D1795273032159%26version%3D1.0.0",
    ),
];

/// Every byte: what Java wrote is read, and written again by us it has the same name.
#[test]
fn what_java_wrote_has_the_same_name_with_us() {
    let interface = "org.wubbo.demo.EchoService";
    let root = Root::new("dubbo").unwrap();
    for (category, name) in JAVA {
        let url = read(name, interface, category).unwrap();
        let directory = format!("/dubbo/{interface}/{category}");
        assert_eq!(root.entry(&url), Ok((directory, name.to_owned())));
        assert!(
            url.get("methods")
                .is_none_or(|methods| methods.contains(",whoami")),
            "{url}"
        );
    }
}
