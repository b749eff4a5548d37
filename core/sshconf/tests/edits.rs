//! Planned edits of generated trees, written and put to `ssh -G` and `sshd -T`: the new value is what
//! they report, and no other line was touched.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod tree;

use abide_sshconf::{
    Change, ClientContext, Context, Edit, EditRefusal, Keyword, Root, Scope, ServerContext, Target,
    Wish, plan_edit, resolve,
};
use tree::client::Client;
use tree::oracle::{Seen, World};
use tree::server::Server;
use tree::{Dice, Files};

const CLIENT: &[(Keyword, &str, &str)] = &[
    (Keyword::SERVER_ALIVE_INTERVAL, "1m15s", "75"),
    (Keyword::SERVER_ALIVE_COUNT_MAX, "21", "21"),
    (Keyword::TCP_KEEP_ALIVE, "no", "no"),
    (Keyword::CONNECT_TIMEOUT, "17", "17"),
    (Keyword::CONTROL_PERSIST, "11m", "660"),
    (Keyword::IP_QOS, "af11 af12", "af11 af12"),
    (Keyword::PROXY_COMMAND, "nc -X 5 %h %p", "nc -X 5 %h %p"),
];
const SERVER: &[(Keyword, &str, &str)] = &[
    (Keyword::CLIENT_ALIVE_INTERVAL, "1m15s", "75"),
    (Keyword::CLIENT_ALIVE_COUNT_MAX, "21", "21"),
    (Keyword::TCP_KEEP_ALIVE, "no", "no"),
    (Keyword::LOGIN_GRACE_TIME, "97", "97"),
    (Keyword::UNUSED_CONNECTION_TIMEOUT, "11m", "660"),
    (Keyword::CHANNEL_TIMEOUT, "session:*=9h", "session:*=9h"),
    (Keyword::MAX_STARTUPS, "11:33:77", "11:33:77"),
    (Keyword::IP_QOS, "af11 af12", "af11 af12"),
];

/// Lines with their endings; a last line without one gets the file's.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> =
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let ending: &[u8] =
        if lines.first().is_some_and(|line| line.ends_with(b"\r\n")) { b"\r\n" } else { b"\n" };
    if let Some(last) = lines.last_mut().filter(|line| !line.ends_with(b"\n")) {
        last.extend(ending);
    }
    lines
}

/// The lines of `longer` that are left when those of `shorter` are taken out in order; `None` if one
/// of them is not there.
fn added(shorter: &[Vec<u8>], longer: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let mut wanted = shorter.iter().peekable();
    let mut left = Vec::new();
    for line in longer {
        if wanted.peek() == Some(&line) {
            wanted.next();
        } else if !line.trim_ascii().is_empty() {
            left.push(line.clone());
        }
    }
    wanted.next().is_none().then_some(left)
}

fn wish(dice: &mut Dice, from: &[(Keyword, &str, &str)], scope: Scope) -> (Wish, String) {
    let (keyword, value, printed) = *dice.pick(from);
    let (change, printed) = match dice.below(6) {
        0 => (Change::Remove, String::new()),
        _ => (Change::Set(value.to_owned()), printed.to_owned()),
    };
    (Wish { keyword, change, scope, target: Target::Best }, printed)
}

fn apply(files: &Files, edit: &Edit) -> Files {
    let mut files = files.clone();
    files.insert(edit.file.to_string_lossy().into_owned(), edit.after.clone());
    files
}

/// What the program must report after the edit.
fn expected(edit: &Edit, wish: &Wish, printed: &str) -> Option<String> {
    match wish.change {
        Change::Set(_) => Some(printed.to_owned()),
        Change::Remove => edit.will_be.as_ref().map(|setting| setting.value.clone()),
    }
}

/// Setting changes one line, or adds one and at most two headers; removing takes lines away.
fn only_own_lines(edit: &Edit, wish: &Wish) {
    let before = lines(edit.before.as_deref().unwrap_or_default());
    let after = lines(&edit.after);
    let said = format!("{} {:?}", String::from_utf8_lossy(&edit.after), edit.will_be);
    match wish.change {
        Change::Remove => assert!(added(&after, &before).is_some(), "{said}"),
        Change::Set(_) if before.len() == after.len() => {
            let changed = before.iter().zip(&after).filter(|(one, other)| one != other).count();
            assert!(changed <= 1, "{changed} lines: {said}");
        }
        Change::Set(_) => {
            let added = added(&before, &after).unwrap_or_else(|| panic!("a line was lost: {said}"));
            assert!((1..=3).contains(&added.len()), "{added:?}: {said}");
        }
    }
}

#[derive(Default, Debug)]
struct Tally {
    planned: usize,
    still_wins: usize,
    not_set: usize,
    not_applicable: usize,
}

impl Tally {
    fn refuse(&mut self, refusal: &EditRefusal) {
        match refusal {
            EditRefusal::StillWins(_) => self.still_wins += 1,
            EditRefusal::NotSet(_) => self.not_set += 1,
            EditRefusal::ScopeDoesNotApply(_) | EditRefusal::NotInMatch(_) => {
                self.not_applicable += 1;
            }
            other => panic!("{other}"),
        }
    }

    fn most_are_planned(&self) -> bool {
        self.planned > self.still_wins + self.not_set + self.not_applicable
    }
}

#[test]
fn a_client_edit_is_what_ssh_then_reports() {
    let Some(world) = World::new("client-edit") else { return };
    let mut tally = Tally::default();
    for seed in tree::first_seed()..tree::first_seed() + tree::count() {
        let mut dice = Dice::new(seed);
        let path = format!("{}/.ssh/config", world.home);
        let folder = format!("{}/.ssh/inc", world.home);
        let language = Client { folder, names: vec!["inc".to_owned()] };
        let files = tree::grow(&language, &[&path], &mut dice);
        let host = *dice.pick(&["a.lab", "b.lab", "web"]);
        let context = Context::Client(ClientContext::new(host, &world.user, &world.home));
        let roots = [Root::user(&path)];
        let seen = Seen::new(&files);
        if resolve(&roots, &context, &seen).refused() {
            continue;
        }
        let scope = match dice.below(4) {
            0 => Scope::All,
            1 => Scope::Match(format!("originalhost {host}")),
            2 => Scope::Host("*.lab !b.lab".to_owned()),
            _ => Scope::Host(host.to_owned()),
        };
        let (wish, printed) = wish(&mut dice, CLIENT, scope);
        let edit = match plan_edit(&roots, &context, &wish, &seen) {
            Ok(edit) => edit,
            Err(refusal) => {
                tally.refuse(&refusal);
                continue;
            }
        };
        tally.planned += 1;
        only_own_lines(&edit, &wish);
        world.write(&apply(&files, &edit));
        let said =
            world.ssh(&[host]).unwrap_or_else(|said| panic!("seed {seed}: {said}\n{edit:?}"));
        let value = said.get(wish.keyword.name()).and_then(|values| values.first()).cloned();
        let value = value.unwrap_or_else(|| "none".to_owned());
        assert_eq!(Some(value), expected(&edit, &wish, &printed), "seed {seed}: {wish:?} {edit:?}");
    }
    println!("client: {tally:?}");
    assert!(tally.most_are_planned(), "{tally:?}");
}

#[test]
fn a_server_edit_is_what_sshd_then_reports() {
    let Some(world) = World::new("server-edit") else { return };
    world.write_host_key();
    let key = world.host_key();
    let mut tally = Tally::default();
    for seed in tree::first_seed()..tree::first_seed() + tree::count() {
        let mut dice = Dice::new(seed);
        let path = "/etc/ssh/sshd_config";
        let (folder, names) = ("/etc/ssh/inc".to_owned(), vec!["inc".to_owned()]);
        let language = Server { folder, names, ports: true };
        let files = tree::grow(&language, &[path], &mut dice);
        let context = ServerContext {
            user: Some("root".to_owned()),
            groups: Some(vec!["root".to_owned()]),
            host: Some("client.lab".to_owned()),
            address: Some("10.0.0.1".parse().unwrap()),
            local_address: Some("127.0.0.1".parse().unwrap()),
            local_port: Some(22),
            ..ServerContext::default()
        };
        let context = Context::Server(context);
        let (roots, seen) = ([Root::server(path)], Seen::new(&files));
        if resolve(&roots, &context, &seen).refused() {
            continue;
        }
        let scope = match dice.below(3) {
            0 => Scope::Match("User root".to_owned()),
            _ => Scope::All,
        };
        let (wish, printed) = wish(&mut dice, SERVER, scope);
        let edit = match plan_edit(&roots, &context, &wish, &seen) {
            Ok(edit) => edit,
            Err(refusal) => {
                tally.refuse(&refusal);
                continue;
            }
        };
        tally.planned += 1;
        only_own_lines(&edit, &wish);
        world.write(&apply(&files, &edit).into_iter().chain(key.clone()).collect());
        let spec = "user=root,host=client.lab,addr=10.0.0.1,laddr=127.0.0.1,lport=22";
        let said = world.sshd(&["-C", spec]).unwrap_or_else(|said| panic!("seed {seed}: {said}"));
        let value = said.get(wish.keyword.name()).and_then(|values| values.first()).cloned();
        let value = value.unwrap_or_else(|| "none".to_owned());
        assert_eq!(Some(value), expected(&edit, &wish, &printed), "seed {seed}: {wish:?} {edit:?}");
    }
    println!("server: {tally:?}");
    assert!(tally.most_are_planned(), "{tally:?}");
}
