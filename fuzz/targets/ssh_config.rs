//! Arbitrary files as a user's and a system's ssh_config, with includes of each other: printing gives
//! the same bytes back, resolving ends, and an edit that is planned does what it says.
#![no_main]

use abide_sshconf::{
    Change, ClientContext, Context, Document, Keyword, Overlay, Root, Scope, Target, Tree, Wish,
    plan_edit, resolve,
};
use libfuzzer_sys::fuzz_target;

const USER: &str = "/h/.ssh/config";
const SYSTEM: &str = "/etc/ssh/ssh_config";

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |byte| *byte == 0xff);
    let mut files = Tree::new();
    for path in [USER, SYSTEM, "/h/.ssh/a.conf"] {
        let bytes = parts.next().unwrap_or_default();
        assert_eq!(Document::parse(bytes).to_bytes(), bytes);
        files.insert(path, bytes);
    }
    let roots = [Root::user(USER), Root::system(SYSTEM)];
    let context = Context::Client(ClientContext::new("lab", "u", "/h"));
    let resolved = resolve(&roots, &context, &files);
    for setting in resolved.settings() {
        let _ = (setting.seconds(), setting.to_owned());
    }
    for scope in [Scope::All, Scope::Host("lab".to_owned())] {
        let change = Change::Set("77".to_owned());
        let keyword = Keyword::SERVER_ALIVE_INTERVAL;
        let wish = Wish { keyword, change, scope, target: Target::Best };
        let Ok(edit) = plan_edit(&roots, &context, &wish, &files) else { continue };
        let mut changed = Overlay::new(&files);
        changed.replace(&edit.file, edit.after);
        let then = resolve(&roots, &context, &changed);
        assert_eq!(then.get(keyword).map(|setting| setting.value.as_str()), Some("77"));
        assert!(!then.refused());
    }
});
