//! System, security and audit administrators are three people who do nothing else.

use crate::world::{PASSPHRASE, World};
use serde_json::{Value as Json, json};

#[test]
fn an_administrators_role_goes_with_no_other() {
    let world = World::joined();
    let apart = "三员分立";
    for (case, roles) in [
        ("two administrators", "SYS_ADM+SEC_AUD"),
        ("with a case role", "CTY_CASE+SEC_ADM"),
    ] {
        let person = format!("A1,甲,staff,{roles}");
        let said = world.init("x", 2, &[&person], &["--drill"]);
        said.refused(case, 65, apart);
        let said = world.enrol("c", "K1", &person, [PASSPHRASE; 2]);
        said.refused(case, 65, apart);
    }
    let keeper = world.init("x", 2, &["A1,甲,keeper,KEEPER+SEC_AUD"], &["--drill"]);
    keeper.refused("a keeper", 65, "another duty");
    let mut odd: Json = serde_json::from_slice(&world.read("c/request.json")).unwrap();
    odd["seats"][3]["roles"] = json!(["CTY_CASE", "SYS_ADM"]);
    world.write("odd.json", odd.to_string());
    let said = world.appoint_file("p", "P1", "odd.json", "odd");
    said.refused("in a request", 65, apart);
}

#[test]
fn one_person_is_appointed_to_no_two_of_the_three() {
    let world = World::joined();
    let enrolled = world.enrol("c", "K1", "A1,甲,staff,SYS_ADM", [PASSPHRASE; 2]);
    let person = enrolled.done()["person"].as_str().unwrap().to_owned();
    world.appoint_again("p", "P1", "c");
    for (number, role) in [("A2", "SEC_AUD"), ("A3", "OFF_STAFF")] {
        let name = format!("x{number}");
        let newcomer = format!("{number},甲,staff,{role},{person}");
        world.init(&name, 1, &[&newcomer], &["--drill"]).done();
        let said = world.appoint("c", "K1", &name);
        said.refused(role, 65, "an administrator holds nothing else");
    }
    assert_eq!(world.show("c")["clashes"], json!([]));
}
