//! Effective values of generated trees against `ssh -G` and `sshd -T -C` of the installed OpenSSH, and
//! printing of every file that was parsed. `ABIDE_SSHCONF_TREES=1000` compares as many trees.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod tree;

use abide_sshconf::{
    ClientContext, Context, Dialect, Document, Keyword, Resolved, Root, ServerContext, resolve,
};
use tree::client::Client;
use tree::oracle::{Printed, Seen, World};
use tree::server::Server;
use tree::{Dice, Files};

const HOSTS: &[&str] = &["a.lab", "b.lab", "web", "Web", "10.0.0.1", "other"];

fn local_host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}

fn show(files: &Files) -> String {
    let shown = files.iter().map(|(path, bytes)| {
        let text: String = String::from_utf8_lossy(bytes).escape_debug().to_string();
        format!("--- {path}\n{}\n", text.replace("\\n", "\n"))
    });
    shown.collect()
}

fn parse_then_print_is_identity(files: &Files) {
    for (path, bytes) in files {
        assert_eq!(Document::parse(bytes).to_bytes(), *bytes, "{path}");
    }
}

/// Every keyword that is modelled and differs, with both values.
fn differences(resolved: &Resolved, printed: &Printed) -> Vec<String> {
    let mut found = Vec::new();
    for keyword in Keyword::all(resolved.dialect()) {
        if !keyword.is_modelled(resolved.dialect()) {
            continue;
        }
        let ours: Vec<&str> = resolved.all(keyword).map(|setting| setting.value.as_str()).collect();
        let theirs = printed.get(keyword.name()).cloned().unwrap_or_default();
        let both_none = theirs.is_empty() && ours == ["none"];
        if !both_none && ours != theirs {
            let from = resolved.get(keyword).map(|setting| setting.origin.to_string());
            found
                .push(format!("{keyword}: we say {ours:?} from {from:?}, OpenSSH says {theirs:?}"));
        }
    }
    found
}

/// How much was compared.
#[derive(Default, Debug)]
struct Tally {
    refused_by_both: usize,
    trees: usize,
    values: usize,
    from_lines: usize,
    in_blocks: usize,
    in_included_files: usize,
    lines_in_vain: usize,
}

impl Tally {
    fn add(&mut self, resolved: &Resolved, roots: &[Root]) {
        self.trees += 1;
        self.values += resolved.settings().len();
        let places = resolved.settings().iter().filter_map(|setting| setting.origin.place());
        for place in places {
            self.from_lines += 1;
            self.in_blocks += usize::from(place.block.is_some());
            self.in_included_files +=
                usize::from(!roots.iter().any(|root| root.path == place.file));
        }
        self.lines_in_vain += resolved.shadowed().len();
    }

    /// Compares one tree: both refuse it, or every modelled value is the same.
    fn compare(
        &mut self,
        seed: u64,
        (files, roots): (&Files, &[Root]),
        ours: &Resolved,
        theirs: Result<Printed, String>,
    ) {
        match theirs {
            Err(said) => {
                assert!(
                    ours.refused(),
                    "seed {seed}: only OpenSSH refuses: {said}\n{}",
                    show(files)
                );
                self.refused_by_both += 1;
            }
            Ok(printed) => {
                let troubles = ours.troubles();
                assert!(
                    !ours.refused(),
                    "seed {seed}: only we refuse: {troubles:?}\n{}",
                    show(files)
                );
                let different = differences(ours, &printed).join("\n");
                assert_eq!(different, "", "seed {seed}\n{}", show(files));
                self.add(ours, roots);
            }
        }
    }
}

fn client_tree(world: &World, dice: &mut Dice) -> (Files, Vec<Root>) {
    let (user, system) = (format!("{}/.ssh/config", world.home), "/etc/ssh/ssh_config");
    let names = vec!["inc".to_owned(), "~/.ssh/inc".to_owned()];
    let users = Client { folder: format!("{}/.ssh/inc", world.home), names };
    let systems = Client { folder: "/etc/ssh/inc".to_owned(), names: vec!["inc".to_owned()] };
    let mut files = tree::grow(&users, &[&user], dice);
    files.extend(tree::grow(&systems, &[system], dice));
    (files, vec![Root::user(user), Root::system(system)])
}

fn client_context(world: &World, host: &str) -> ClientContext {
    ClientContext {
        local_host: Some(local_host()),
        uid: Some(world.uid),
        ..ClientContext::new(host, &world.user, &world.home)
    }
}

#[test]
fn client_values_are_those_of_ssh() {
    let Some(world) = World::new("client") else { return };
    let mut tally = Tally::default();
    for seed in tree::first_seed()..tree::first_seed() + tree::count() {
        let mut dice = Dice::new(seed);
        let (files, roots) = client_tree(&world, &mut dice);
        parse_then_print_is_identity(&files);
        let mut context = client_context(&world, HOSTS[dice.below(HOSTS.len())]);
        let host = context.host.clone();
        let mut arguments = Vec::new();
        if dice.one_in(4) {
            context.user = Some("anna".to_owned());
            arguments.extend(["-l", "anna"]);
        }
        if dice.one_in(4) {
            context.options = vec!["ServerAliveInterval=7m".to_owned()];
            arguments.extend(["-o", "ServerAliveInterval=7m"]);
        }
        arguments.push(&host);
        world.write(&files);
        let theirs = world.ssh(&arguments);
        let ours = resolve(&roots, &Context::Client(context), &Seen::new(&files));
        tally.compare(seed, (&files, &roots), &ours, theirs);
    }
    println!("client: {tally:?}");
    assert!(tally.trees > tally.refused_by_both * 3, "too few trees that ssh takes");
}

fn server_tree(dice: &mut Dice, ports: bool) -> (Files, Vec<Root>) {
    let names = vec!["inc".to_owned()];
    let server = Server { folder: "/etc/ssh/inc".to_owned(), names, ports };
    let files = tree::grow(&server, &["/etc/ssh/sshd_config"], dice);
    (files, vec![Root::server("/etc/ssh/sshd_config")])
}

/// A connection and the arguments that tell `sshd -T` of it.
fn connection(dice: &mut Dice, ports: bool) -> (ServerContext, Option<String>) {
    let mut context = ServerContext::default();
    if !ports {
        return (context, None);
    }
    let (user, groups) = *dice.pick(&[("root", "root"), ("nobody", "nogroup"), ("ghost", "")]);
    let port = *dice.pick(&[22, 2222]);
    context.local_port = Some(port);
    let mut spec = vec![format!("lport={port}")];
    if !dice.one_in(5) {
        context.user = Some(user.to_owned());
        let groups = groups.split_whitespace().map(str::to_owned);
        context.groups = Some(groups.collect());
        spec.push(format!("user={user}"));
    }
    if !dice.one_in(5) {
        let host = *dice.pick(&["client.lab", "x.lab", "far.example"]);
        context.host = Some(host.to_owned());
        spec.push(format!("host={host}"));
    }
    if !dice.one_in(5) {
        let address = *dice.pick(&["10.0.0.1", "10.1.2.3", "::1", "fe80::7", "192.168.7.7"]);
        context.address = Some(address.parse().unwrap());
        spec.push(format!("addr={address}"));
    }
    if dice.one_in(2) {
        let address = *dice.pick(&["127.0.0.1", "10.0.0.1"]);
        context.local_address = Some(address.parse().unwrap());
        spec.push(format!("laddr={address}"));
    }
    (context, Some(spec.join(",")))
}

#[test]
fn server_values_are_those_of_sshd() {
    let Some(world) = World::new("server") else { return };
    world.write_host_key();
    let key = world.host_key();
    let mut tally = Tally::default();
    for seed in tree::first_seed()..tree::first_seed() + tree::count() {
        let mut dice = Dice::new(seed);
        let ports = !dice.one_in(4);
        let (files, roots) = server_tree(&mut dice, ports);
        parse_then_print_is_identity(&files);
        let (context, spec) = connection(&mut dice, ports);
        let arguments: Vec<&str> = spec.iter().flat_map(|spec| ["-C", spec.as_str()]).collect();
        world.write(&files.clone().into_iter().chain(key.clone()).collect());
        let theirs = world.sshd(&arguments);
        let ours = resolve(&roots, &Context::Server(context), &Seen::new(&files));
        tally.compare(seed, (&files, &roots), &ours, theirs);
    }
    println!("server: {tally:?}");
    assert!(tally.trees > tally.refused_by_both * 3, "too few trees that sshd takes");
}

#[test]
fn every_default_is_that_of_the_programs() {
    let Some(world) = World::new("default") else { return };
    let context = Context::Client(client_context(&world, "here"));
    let ours = resolve(&[], &context, &Seen::new(&Files::new()));
    assert_eq!(differences(&ours, &world.ssh(&["here"]).unwrap()), Vec::<String>::new());
    world.write_host_key();
    let mut files = world.host_key();
    files.insert("/etc/ssh/sshd_config".to_owned(), Vec::new());
    world.write(&files);
    let roots = [Root::server("/etc/ssh/sshd_config")];
    let ours = resolve(&roots, &Context::Server(ServerContext::default()), &Seen::new(&files));
    assert_eq!(differences(&ours, &world.sshd(&[]).unwrap()), Vec::<String>::new());
    let modelled =
        |dialect| Keyword::all(dialect).filter(|keyword| keyword.is_modelled(dialect)).count();
    let (client, server) = (modelled(Dialect::Client), modelled(Dialect::Server));
    println!("{client} keywords of the client and {server} of the server are modelled");
}

#[test]
fn shipped_configurations_print_as_they_were_and_are_taken() {
    let shipped = ["/etc/ssh/ssh_config", "/etc/ssh/sshd_config", "/usr/share/openssh/sshd_config"];
    for path in shipped {
        let Ok(bytes) = std::fs::read(path) else {
            println!("NOT CHECKED: {path} is not here");
            continue;
        };
        assert_eq!(Document::parse(&bytes).to_bytes(), bytes, "{path}");
        let files: Files = [(path.to_owned(), bytes)].into_iter().collect();
        let (root, context) = match path.ends_with("ssh_config") {
            true => (Root::system(path), Context::Client(ClientContext::new("h", "u", "/home/u"))),
            false => (Root::server(path), Context::Server(ServerContext::default())),
        };
        let resolved = resolve(&[root], &context, &Seen::new(&files));
        assert_eq!(resolved.troubles(), [], "{path}");
    }
}
