//! A node whose configuration opens the doors for terminals and for a maker's platform.

use crate::node::Node;
use crate::world::World;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

const DOOR: &str = "\n[gateway.jt808]\nbind = \"127.0.0.1:0\"\nitems = \"bands.toml\"\n";
const VENDOR: &str = "\n[[gateway.vendor]]\nname = \"acme\"\nbinding_token_file = \"acme.bind\"\n\
                      push_token_file = \"acme.push\"\ndatum = \"gcj02\"\n[gateway.vendor.map]\n\
                      terminal = \"id\"\ntime = \"t\"\nlat = \"lat\"\nlon = \"lon\"\n";

fn secret(world: &World, name: &str, mode: u32) {
    world.write(name, "a-token-of-this-platform");
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(world.path(name), mode).unwrap();
}

#[test]
fn a_node_opens_its_doors_for_terminals_by_its_configuration() {
    let world = World::asked();
    let node = Node::start(&world, "p");
    assert_eq!(
        node.ready["jt808"],
        json!(null),
        "closed until told otherwise"
    );
    assert_eq!(node.stop(), 0);
    let sound = String::from_utf8(world.read("p/jiaolian.toml")).unwrap();
    world.write("p/jiaolian.toml", format!("{sound}{DOOR}"));
    world.run("p").refused("no table", 78, "bands.toml");
    world.write(
        "p/bands.toml",
        "\n[[item]]\nid = 0xE1\nbit = 9\nmeans = \"strap_open\"\n",
    );
    world.run("p").refused("a wrong row", 78, "bands.toml:2");
    world.write(
        "p/bands.toml",
        "[[item]]\nid = 0xE1\nbit = 7\nmeans = \"strap_open\"\n",
    );
    world.write("p/jiaolian.toml", format!("{sound}{DOOR}{VENDOR}"));
    world.run("p").refused("no token", 78, "acme.bind");
    secret(&world, "p/acme.bind", 0o600);
    secret(&world, "p/acme.push", 0o644);
    world
        .run("p")
        .refused("a token for all to read", 78, "0600");
    secret(&world, "p/acme.push", 0o600);

    let node = Node::start(&world, "p");
    let mut band = TcpStream::connect(node.ready["jt808"].as_str().unwrap()).unwrap();
    // A heartbeat of 13800138000 before any code.
    let beat = [0x00, 0x02, 0, 0, 0x01, 0x38, 0, 0x13, 0x80, 0, 0, 7];
    let check = beat.iter().fold(0, |sum, byte| sum ^ byte);
    let frame = [&[0x7E], &beat[..], &[check, 0x7E]].concat();
    band.write_all(&frame).unwrap();
    let mut answer = [0; 20];
    band.read_exact(&mut answer).unwrap();
    assert_eq!((answer[1..3].to_vec(), answer[17]), (vec![0x80, 0x01], 2));
    assert_eq!(node.stop(), 0);
    assert_eq!(
        band.read(&mut answer).unwrap(),
        0,
        "the line is closed with the node"
    );
}
