//! Rules that a comparison of values does not show: origins, lines in vain, doubts, troubles, and where
//! edits land.
#![allow(clippy::unwrap_used)]

use abide_sshconf::{
    Answer, Change, ClientContext, Context, EditRefusal, Files, Keyword, Origin, Overlay,
    ReadError, Release, Resolved, Root, Scope, ServerContext, Setting, Target, Tree, TroubleKind,
    Why, Wish, plan_drop_in, plan_edit, plan_edits, resolve,
};
use std::path::{Path, PathBuf};

const INTERVAL: Keyword = Keyword::SERVER_ALIVE_INTERVAL;
const ALIVE: Keyword = Keyword::CLIENT_ALIVE_INTERVAL;
const CONFIG: &str = "/home/u/.ssh/config";
const SYSTEM: &str = "/etc/ssh/ssh_config";
const SSHD: &str = "/etc/ssh/sshd_config";

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new();
    for (path, text) in files {
        tree.insert(*path, *text);
    }
    tree
}

fn to(host: &str) -> Context {
    Context::Client(ClientContext::new(host, "u", "/home/u"))
}

fn client(files: &Tree, host: &str) -> Resolved {
    resolve(&client_roots(), &to(host), files)
}

fn client_roots() -> [Root; 2] {
    [Root::user(CONFIG), Root::system(SYSTEM)]
}

fn login(user: &str) -> Context {
    Context::Server(ServerContext { user: Some(user.to_owned()), ..ServerContext::default() })
}

fn server(files: &Tree, context: &Context) -> Resolved {
    resolve(&[Root::server(SSHD)], context, files)
}

fn value_and_origin(setting: Option<&Setting>) -> (String, String) {
    let setting = setting.unwrap();
    (setting.value.clone(), setting.origin.to_string())
}

fn pair(value: &str, origin: &str) -> (String, String) {
    (value.to_owned(), origin.to_owned())
}

#[test]
fn origins_name_file_line_and_block() {
    let files = tree(&[
        (CONFIG, "Include own.d/*\nHost *\n ServerAliveInterval 30\n"),
        ("/home/u/.ssh/own.d/a", "# mine\n\nHost lab # there\n ServerAliveCountMax 9\n"),
        (SYSTEM, "ServerAliveInterval 60\nTCPKeepAlive no\n"),
    ]);
    let resolved = client(&files, "lab");
    assert_eq!(value_and_origin(resolved.get(INTERVAL)), pair("30", "/home/u/.ssh/config:3"));
    let count = resolved.get(Keyword::SERVER_ALIVE_COUNT_MAX).unwrap();
    let place = count.origin.place().unwrap();
    assert_eq!(place.block.as_ref().unwrap().to_string(), "Host lab");
    assert_eq!((place.line, place.block.as_ref().unwrap().line), (4, 3));
    assert_eq!(resolved.get(Keyword::CONNECT_TIMEOUT).unwrap().origin, Origin::Default);
    let read: Vec<&Path> = resolved.files().iter().map(PathBuf::as_path).collect();
    assert_eq!(read, [Path::new(CONFIG), Path::new("/home/u/.ssh/own.d/a"), Path::new(SYSTEM)]);
    let [shadowed] = resolved.shadowed() else { panic!("{:?}", resolved.shadowed()) };
    assert_eq!(shadowed.setting.origin.to_string(), "/etc/ssh/ssh_config:1");
    assert_eq!(shadowed.winner.origin.to_string(), "/home/u/.ssh/config:3");
    assert_eq!(shadowed.why, Why::EarlierWins);
}

#[test]
fn a_line_in_vain_says_by_which_rule() {
    let why = |resolved: &Resolved| {
        let found = resolved.shadowed().iter();
        let found = found.map(|one| (one.setting.origin.place().unwrap().line, one.why));
        found.collect::<Vec<_>>()
    };
    let none = tree(&[(CONFIG, "ServerAliveInterval none\nServerAliveInterval 5\n")]);
    assert_eq!(why(&client(&none, "h")), [(1, Why::NoneLeavesUnset)]);
    let jump = tree(&[(CONFIG, "ProxyCommand nc %h\nProxyJump gate\n")]);
    assert_eq!(why(&client(&jump, "h")), [(2, Why::EarlierWins)]);
    let text = "ClientAliveInterval 5\nMaxStartups 5\nMaxStartups 9\nUnusedConnectionTimeout 7\n\
                UnusedConnectionTimeout none\nMatch User root\nClientAliveInterval 9\n\
                ClientAliveInterval 8\n";
    let files = tree(&[(SSHD, text)]);
    let rules =
        [(1, Why::MatchWins), (2, Why::LaterWins), (4, Why::LaterWins), (8, Why::EarlierWins)];
    assert_eq!(why(&server(&files, &login("root"))), rules);
    assert_eq!(why(&server(&files, &login("anna"))), rules[1..3]);
}

#[test]
fn a_rule_that_changed_asks_for_the_release() {
    let files = tree(&[(SSHD, "MaxStartups 5:50:20\nMaxStartups 9\n")]);
    let value = |release: Release| {
        let context = Context::Server(ServerContext { release, ..ServerContext::default() });
        server(&files, &context).get(Keyword::MAX_STARTUPS).unwrap().value.clone()
    };
    assert_eq!(value(Release::CHECKED), "9:50:9", "the rate of an earlier line stays");
    assert_eq!(value(Release { major: 10, minor: 3 }), "5:50:20");
    let files = tree(&[(CONFIG, "Tag lab\nMatch tagged lab\n ServerAliveInterval 5\n")]);
    assert!(client(&files, "h").refused());
    let release = Release { major: 9, minor: 4 };
    let newer = ClientContext { release, ..ClientContext::new("h", "u", "/home/u") };
    let resolved = resolve(&client_roots(), &Context::Client(newer), &files);
    assert_eq!(resolved.get(INTERVAL).unwrap().value, "5");
}

#[test]
fn what_nobody_checked_is_a_doubt_and_not_a_value() {
    let text =
        "Match exec \"test -f /x\"\n ServerAliveInterval 5\nHost *\n ServerAliveInterval 9\n";
    let resolved = client(&tree(&[(CONFIG, text)]), "h");
    assert_eq!(resolved.get(INTERVAL).unwrap().value, "9");
    let [doubt] = resolved.doubts() else { panic!("{:?}", resolved.doubts()) };
    assert_eq!((doubt.setting.value.as_str(), doubt.criterion.as_str()), ("5", "exec test -f /x"));
    let [trouble] = resolved.troubles() else { panic!() };
    assert_eq!(trouble.kind, TroubleKind::NotChecked("exec test -f /x".to_owned()));
    assert!(!resolved.refused());
    let groups = tree(&[(SSHD, "Match Group wheel\nClientAliveInterval 5\n")]);
    let resolved = server(&groups, &login("anna"));
    assert_eq!(resolved.doubts().len(), 1);
    assert_eq!(resolved.get(ALIVE).unwrap().value, "0");
    assert_eq!(server(&groups, &Context::Server(ServerContext::default())).doubts().len(), 0);
}

#[test]
fn an_oracle_for_commands_gets_them_with_tokens_replaced() {
    struct Asked(Tree);
    impl Files for Asked {
        fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
            self.0.read(path)
        }
        fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
            self.0.glob(pattern)
        }
        fn exec(&self, command: &str) -> Answer {
            if command == "is lab 22 u" { Answer::Yes } else { Answer::No }
        }
    }
    let text = "Match exec \"is %n %p %r\"\n ServerAliveInterval 5\n";
    let resolved = resolve(&client_roots(), &to("lab"), &Asked(tree(&[(CONFIG, text)])));
    assert_eq!(resolved.get(INTERVAL).unwrap().value, "5");
}

#[test]
fn troubles_name_their_line() {
    let files = tree(&[(CONFIG, "Host *\n  ServerAliveInterval 5x\nBogus 1\n")]);
    let resolved = client(&files, "h");
    let said: Vec<String> = resolved.troubles().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "/home/u/.ssh/config:2: `5x` is not a value that ServerAliveInterval takes",
            "/home/u/.ssh/config:3: `bogus` is not a keyword that this OpenSSH knows",
        ]
    );
    assert!(resolved.refused());
    let files = tree(&[(SSHD, "Match User a\nUseDNS yes\n")]);
    let resolved = server(&files, &login("b"));
    assert_eq!(resolved.troubles()[0].kind, TroubleKind::NotInMatch("UseDNS".to_owned()));
}

#[test]
fn includes_that_go_round_end_with_a_trouble() {
    let files = tree(&[(CONFIG, "Include config\nInclude config\n")]);
    let resolved = client(&files, "h");
    assert!(resolved.refused());
    let deep = resolved.troubles().iter().any(|trouble| trouble.kind == TroubleKind::TooDeep);
    assert!(deep, "{:?}", resolved.troubles());
}

fn set(keyword: Keyword, value: &str, scope: Scope) -> Wish {
    let change = Change::Set(value.to_owned());
    Wish { keyword, change, scope, target: Target::Best }
}

fn after(files: &Tree, host: &str, wish: &Wish) -> Result<String, EditRefusal> {
    let edit = plan_edit(&client_roots(), &to(host), wish, files)?;
    Ok(String::from_utf8(edit.after).unwrap())
}

#[test]
fn the_line_that_wins_is_changed_in_its_place() {
    let files = tree(&[(CONFIG, "# x\r\nHost lab\r\n\tserveraliveinterval = \"5\" # why\r\n")]);
    let wish = set(INTERVAL, "30", Scope::Host("lab".to_owned()));
    let text = "# x\r\nHost lab\r\n\tserveraliveinterval = 30 # why\r\n";
    assert_eq!(after(&files, "lab", &wish), Ok(text.to_owned()));
}

#[test]
fn a_new_line_goes_where_it_takes_effect() {
    let host = |name: &str| Scope::Host(name.to_owned());
    let files = tree(&[(CONFIG, "Host lab\n  User x\n\n# for all\nHost *\n  Port 22\n")]);
    let text = "Host lab\n  User x\n  ServerAliveInterval 30\n\n# for all\nHost *\n  Port 22\n";
    assert_eq!(after(&files, "lab", &set(INTERVAL, "30", host("lab"))), Ok(text.to_owned()));
    let text = "Host lab\n  User x\n\nHost far\n    ServerAliveInterval 30\n\n# for all\nHost *\n  Port 22\n";
    assert_eq!(after(&files, "far", &set(INTERVAL, "30", host("far"))), Ok(text.to_owned()));
    let text = "Host lab\n  User x\n\n# for all\nHost *\n  Port 22\n  ServerAliveInterval 30\n";
    assert_eq!(after(&files, "lab", &set(INTERVAL, "30", Scope::All)), Ok(text.to_owned()));
    let empty = after(&tree(&[]), "lab", &set(INTERVAL, "30", host("lab")));
    assert_eq!(empty, Ok("Host lab\n    ServerAliveInterval 30\n".to_owned()));
    let glued = after(&tree(&[(CONFIG, "Port 22")]), "lab", &set(INTERVAL, "30", Scope::All));
    assert_eq!(glued, Ok("Port 22\nServerAliveInterval 30\n".to_owned()));
}

#[test]
fn a_value_for_all_does_not_take_a_host_s_own_away() {
    let files = tree(&[(CONFIG, "Host lab\n  ServerAliveInterval 5\n")]);
    let refusal = after(&files, "lab", &set(INTERVAL, "30", Scope::All)).unwrap_err();
    assert_eq!(refusal.to_string(), "/home/u/.ssh/config:2 would still win with `5`");
    let text = "Host lab\n  ServerAliveInterval 5\n\nHost *\n    ServerAliveInterval 30\n";
    assert_eq!(after(&files, "far", &set(INTERVAL, "30", Scope::All)), Ok(text.to_owned()));
    let files = tree(&[
        (CONFIG, "Include a\n"),
        ("/home/u/.ssh/a", "Host lab\n  ServerAliveInterval 5\nHost *\n  ServerAliveInterval 9\n"),
    ]);
    let wish = Wish { target: Target::File(CONFIG.into()), ..set(INTERVAL, "30", Scope::All) };
    let refusal = after(&files, "far", &wish).unwrap_err();
    assert_eq!(refusal.to_string(), "/home/u/.ssh/a:4 would still win with `9`");
}

#[test]
fn a_file_that_a_block_includes_is_no_place_for_everybody_s_settings() {
    let own = "/home/u/.ssh/lab.d/a";
    let files = tree(&[(CONFIG, "Host lab\n  Include lab.d/*\n"), (own, "Port 22\n")]);
    let target = Target::File(own.into());
    let wish = Wish { target: target.clone(), ..set(INTERVAL, "30", Scope::All) };
    let refusal = after(&files, "lab", &wish);
    assert_eq!(refusal, Err(EditRefusal::NotForEverybody(own.into())));
    let files =
        tree(&[(CONFIG, "Host lab\n  Include lab.d/*\n"), (own, "ServerAliveInterval 5\n")]);
    assert!(after(&files, "lab", &wish).is_err());
    let best = Wish { target: Target::Best, ..wish };
    assert!(after(&files, "lab", &best).is_err(), "the line there is for lab alone");
    let changed = after(&files, "far", &best).unwrap();
    assert!(changed.ends_with("Host *\n    ServerAliveInterval 30\n"), "{changed}");
}

#[test]
fn a_user_s_wish_leaves_the_system_s_file_alone() {
    let files = tree(&[(SYSTEM, "Host *\n  ServerAliveInterval 5\n")]);
    let wish = set(INTERVAL, "30", Scope::All);
    let edit = plan_edit(&client_roots(), &to("lab"), &wish, &files).unwrap();
    assert_eq!((edit.file, edit.before), (PathBuf::from(CONFIG), None));
    let wish = Wish { target: Target::File(SYSTEM.into()), ..wish };
    let edit = plan_edit(&client_roots(), &to("lab"), &wish, &files).unwrap();
    assert_eq!(edit.after, b"Host *\n  ServerAliveInterval 30\n");
}

#[test]
fn a_scope_that_the_connection_is_not_in_is_refused() {
    let wish = set(INTERVAL, "30", Scope::Host("far".to_owned()));
    let refusal = after(&tree(&[]), "lab", &wish);
    assert_eq!(refusal, Err(EditRefusal::ScopeDoesNotApply("Host far".to_owned())));
    let wish = set(INTERVAL, "soon", Scope::All);
    let keyword = INTERVAL;
    assert_eq!(
        after(&tree(&[]), "lab", &wish),
        Err(EditRefusal::BadValue { keyword, value: "soon".to_owned() })
    );
    let injected = set(INTERVAL, "3\nProxyCommand evil", Scope::All);
    assert!(matches!(after(&tree(&[]), "lab", &injected), Err(EditRefusal::BadValue { .. })));
}

#[test]
fn a_drop_in_must_be_read_before_what_wins() {
    let main =
        "Include /etc/ssh/sshd_config.d/*.conf\n\n#ClientAliveInterval 0\nClientAliveInterval 5\n";
    let cloud = ("/etc/ssh/sshd_config.d/50-cloud.conf", "ClientAliveInterval 9\n");
    let roots = [Root::server(SSHD)];
    let context = Context::Server(ServerContext::default());
    let plan = |files: &Tree, target: Target| {
        let wish = Wish { target, ..set(ALIVE, "60", Scope::All) };
        plan_edit(&roots, &context, &wish, files)
    };
    let drop_in = |name: &str| Target::DropIn(format!("/etc/ssh/sshd_config.d/{name}").into());
    let files = tree(&[(SSHD, main), cloud]);
    let edit = plan(&files, drop_in("10-abide.conf")).unwrap();
    assert_eq!((edit.before, edit.after), (None, b"ClientAliveInterval 60\n".to_vec()));
    let still = plan(&files, drop_in("60-abide.conf")).unwrap_err();
    assert_eq!(
        still.to_string(),
        "/etc/ssh/sshd_config.d/50-cloud.conf:1 would still win with `9`"
    );
    let unread = plan(&files, drop_in("10-abide.conf.bak")).unwrap_err();
    assert!(matches!(unread, EditRefusal::NotRead(_)), "{unread}");
    let best = plan(&files, Target::Best).unwrap();
    assert_eq!(best.file, Path::new(cloud.0));
    let in_main = plan(&files, Target::File(SSHD.into())).unwrap();
    assert!(in_main.after.starts_with(b"ClientAliveInterval 60\nInclude"), "above the include");
    let alone =
        tree(&[(SSHD, "#ClientAliveInterval 0\n#UseDNS no\nMatch User a\nMaxSessions 1\n")]);
    let beside = plan(&alone, Target::Best).unwrap();
    let text =
        "#ClientAliveInterval 0\nClientAliveInterval 60\n#UseDNS no\nMatch User a\nMaxSessions 1\n";
    assert_eq!(String::from_utf8(beside.after).unwrap(), text);
}

#[test]
fn a_drop_in_of_its_own_gets_a_name_that_is_read_in_time() {
    let roots = [Root::server(SSHD)];
    let context = Context::Server(ServerContext::default());
    let wish = set(ALIVE, "60", Scope::All);
    let main = (SSHD, "Include /etc/ssh/sshd_config.d/*.conf\nClientAliveInterval 5\n");
    let plan =
        |files: &[(&str, &str)]| plan_drop_in(&roots, &context, &wish, "abide", &tree(files));
    let named = |files: &[(&str, &str)]| plan(files).map(|edit| edit.file);
    let path = |name: &str| PathBuf::from("/etc/ssh/sshd_config.d").join(name);
    assert_eq!(named(&[main]), Ok(path("50-abide.conf")));
    let cloud = ("/etc/ssh/sshd_config.d/40-cloud.conf", "ClientAliveInterval 9\n");
    assert_eq!(named(&[main, cloud]), Ok(path("10-abide.conf")));
    let ours = ("/etc/ssh/sshd_config.d/00-abide.conf", "UseDNS no\n");
    let edit = plan(&[main, ours]).unwrap();
    assert_eq!(
        (edit.file, edit.after),
        (path("00-abide.conf"), b"UseDNS no\nClientAliveInterval 60\n".to_vec())
    );
    let refusal = plan(&[(SSHD, "UseDNS no\n")]).unwrap_err();
    assert_eq!(refusal, EditRefusal::NotRead("abide.conf".into()));
}

#[test]
fn an_include_takes_tokens_where_the_release_does() {
    let files = tree(&[
        (CONFIG, "Include %n.conf\nInclude ${X}/y\n"),
        ("/home/u/.ssh/lab.conf", "ServerAliveInterval 5\n"),
    ]);
    assert_eq!(client(&files, "lab").get(INTERVAL).unwrap().value, "0");
    let release = Release { major: 9, minor: 9 };
    let newer = ClientContext { release, ..ClientContext::new("lab", "u", "/home/u") };
    let resolved = resolve(&client_roots(), &Context::Client(newer), &files);
    assert_eq!(resolved.get(INTERVAL).unwrap().value, "5");
    assert!(matches!(resolved.troubles()[0].kind, TroubleKind::NotChecked(_)));
}

#[test]
fn a_server_block_is_put_before_the_block_that_would_win() {
    let files = tree(&[(SSHD, "UseDNS no\n\nMatch User *\n  ClientAliveInterval 5\n")]);
    let wish = set(ALIVE, "60", Scope::Match("User anna".to_owned()));
    let edit = plan_edit(&[Root::server(SSHD)], &login("anna"), &wish, &files).unwrap();
    let text = "UseDNS no\n\nMatch User anna\n    ClientAliveInterval 60\n\nMatch User *\n  ClientAliveInterval 5\n";
    assert_eq!(String::from_utf8(edit.after).unwrap(), text);
    let two = "Match User bob\n  MaxSessions 1\n\nMatch User *\n  ClientAliveInterval 5\n";
    let edit =
        plan_edit(&[Root::server(SSHD)], &login("anna"), &wish, &tree(&[(SSHD, two)])).unwrap();
    let text = String::from_utf8(edit.after).unwrap();
    assert!(text.starts_with("Match User bob\n"), "right above what would win: {text}");
    let wish = set(Keyword::LOGIN_GRACE_TIME, "60", Scope::Match("User anna".to_owned()));
    let refusal = plan_edit(&[Root::server(SSHD)], &login("anna"), &wish, &files);
    assert_eq!(refusal, Err(EditRefusal::NotInMatch(Keyword::LOGIN_GRACE_TIME)));
}

#[test]
fn taking_away_takes_every_line_of_the_scope_and_no_other() {
    let text = "Host lab\n  ServerAliveInterval 5\n  ServerAliveInterval 6\nHost *\n  ServerAliveInterval 7\n";
    let files = tree(&[(CONFIG, text)]);
    let wish = Wish { change: Change::Remove, ..set(INTERVAL, "", Scope::Host("lab".to_owned())) };
    let edit = plan_edit(&client_roots(), &to("lab"), &wish, &files).unwrap();
    let left = "Host lab\nHost *\n  ServerAliveInterval 7\n";
    assert_eq!(String::from_utf8(edit.after).unwrap(), left);
    assert_eq!(edit.will_be.unwrap().value, "7");
    let none = Wish { change: Change::Remove, ..set(INTERVAL, "", Scope::Host("far".to_owned())) };
    let refusal = plan_edit(&client_roots(), &to("far"), &none, &files);
    assert_eq!(refusal, Err(EditRefusal::NotSet(INTERVAL)));
}

#[test]
fn several_wishes_make_one_edit_of_a_file() {
    let scope = Scope::Host("lab".to_owned());
    let wishes =
        [set(INTERVAL, "30", scope.clone()), set(Keyword::SERVER_ALIVE_COUNT_MAX, "20", scope)];
    let files = tree(&[]);
    let edits = plan_edits(&client_roots(), &to("lab"), &wishes, &files).unwrap();
    let [edit] = edits.as_slice() else { panic!("{edits:?}") };
    let text = "Host lab\n    ServerAliveInterval 30\n    ServerAliveCountMax 20\n";
    assert_eq!(edit.after, text.as_bytes());
    assert_eq!(edit.before, None);
    let mut changed = Overlay::new(&files);
    changed.replace(CONFIG, edit.after.clone());
    let again = plan_edits(&client_roots(), &to("lab"), &wishes, &changed).unwrap();
    assert_eq!(again[0].before.as_deref(), Some(&*again[0].after), "nothing more to do");
}
