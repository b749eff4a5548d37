//! Arbitrary files as sshd_config and a drop-in: printing gives the same bytes back, resolving ends,
//! and an edit that is planned does what it says.
#![no_main]

use abide_sshconf::{
    Change, Context, Document, Keyword, Overlay, Root, Scope, ServerContext, Target, Tree, Wish,
    plan_edit, resolve,
};
use libfuzzer_sys::fuzz_target;

const MAIN: &str = "/etc/ssh/sshd_config";

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == 0xff);
    let mut files = Tree::new();
    for path in [MAIN, "/etc/ssh/a.conf"] {
        let bytes = parts.next().unwrap_or_default();
        assert_eq!(Document::parse(bytes).to_bytes(), bytes);
        files.insert(path, bytes);
    }
    let roots = [Root::server(MAIN)];
    let context = Context::Server(ServerContext {
        user: Some("root".to_owned()),
        groups: Some(vec!["root".to_owned()]),
        host: Some("client.lab".to_owned()),
        address: "10.0.0.1".parse().ok(),
        local_port: Some(22),
        ..ServerContext::default()
    });
    let resolved = resolve(&roots, &context, &files);
    for shadowed in resolved.shadowed() {
        assert_ne!(shadowed.setting.origin, shadowed.winner.origin);
    }
    for scope in [Scope::All, Scope::Match("User root".to_owned())] {
        let change = Change::Set("77".to_owned());
        let keyword = Keyword::CLIENT_ALIVE_INTERVAL;
        let wish = Wish { keyword, change, scope, target: Target::Best };
        let Ok(edit) = plan_edit(&roots, &context, &wish, &files) else { continue };
        let mut changed = Overlay::new(&files);
        changed.replace(&edit.file, edit.after);
        let then = resolve(&roots, &context, &changed);
        assert_eq!(then.get(keyword).map(|setting| setting.value.as_str()), Some("77"));
        assert!(!then.refused());
    }
});
