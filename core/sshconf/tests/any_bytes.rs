//! Any bytes are a document: they print as they were, and reading them ends without a panic.

use abide_sshconf::{
    ClientContext, Context, Document, Keyword, Root, ServerContext, Tree, resolve,
};
use proptest::prelude::*;

/// Bytes, and text that looks like a configuration: nonsense alone gets stuck at the first word.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "Host",
        "Match",
        "Include",
        "\n",
        "\r\n",
        " ",
        "=",
        "\"",
        "'",
        "\\",
        "#",
        "*",
        "!",
        ",",
        "all",
        "final",
        "exec",
        "User",
        "Port",
        "none",
        "0",
        "5m",
        "RekeyLimit",
        "IPQoS",
        "SendEnv",
        "-A",
        "ProxyJump",
        "a@b:1",
        "[",
        "%",
        "%h",
        "Hostname",
        "ControlPath",
        "~/x",
        "\u{fe}",
        "\0",
        "é",
        "Address",
        "10.0.0.0/8",
        "MaxStartups",
        "1:2:3",
        "ChannelTimeout",
        "x=1",
        "Tag",
        "config",
    ]);
    let text = prop::collection::vec(words, 0..60).prop_map(|words| words.concat().into_bytes());
    prop_oneof![text, prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_document(bytes in file()) {
        prop_assert_eq!(Document::parse(&bytes).to_bytes(), bytes);
    }

    #[test]
    fn reading_ends(bytes in file(), other in file()) {
        let mut files = Tree::new();
        files.insert("/h/.ssh/config", bytes.clone());
        files.insert("/h/.ssh/x", other.clone());
        files.insert("/etc/ssh/config", bytes);
        files.insert("/etc/ssh/x", other);
        let client = Context::Client(ClientContext::new("h", "u", "/h"));
        let resolved = resolve(&[Root::user("/h/.ssh/config")], &client, &files);
        let interval = resolved.get(Keyword::SERVER_ALIVE_INTERVAL);
        prop_assert!(interval.is_some_and(|setting| setting.seconds().is_some()));
        let server = Context::Server(ServerContext::default());
        let resolved = resolve(&[Root::server("/etc/ssh/config")], &server, &files);
        let interval = resolved.get(Keyword::CLIENT_ALIVE_INTERVAL);
        prop_assert!(interval.is_some_and(|setting| setting.seconds().is_some()));
        for shadowed in resolved.shadowed() {
            prop_assert_ne!(&shadowed.setting.origin, &shadowed.winner.origin);
        }
    }
}
