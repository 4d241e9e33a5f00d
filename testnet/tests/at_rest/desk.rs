//! Officers who fill every field of every form that they are offered with a canary.

use crate::canary::{CHARS, Canaries};
use crate::office::{COUNTY, Office, TOWNSHIP};
use jiaolian_testnet::band::Bench;
use jiaolian_testnet::client::Client;
use jiaolian_testnet::people::invent;
use jiaolian_testnet::province::PASSPHRASE;
use jiaolian_testnet::seed::{office_id, today};
use jiaolian_testnet::walk::{STEP_MS, send, times, way_out};
use jiff::ToSpan as _;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Longest wait for something to come true.
const PATIENCE: Duration = Duration::from_mins(2);
/// A matter has fewer steps than this.
const STEPS_MAX: usize = 12;
/// The number and the token of the person's band, which are canaries too.
const DEVICE: &str = "band-canary-7f3a91c25e604d8b";
const TOKEN: &str = "canary-5d1e7b90a4c8f236-token";

/// What was worked on.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) case: String,
    pub(crate) fields: usize,
    matters: BTreeSet<String>,
    alarms: BTreeSet<String>,
}

impl Desk {
    /// Opens a case and signs everything that anybody is offered on it.
    pub(crate) async fn work(office: &Office, canaries: &mut Canaries) -> Self {
        let clerk = office.officer(COUNTY, "case").await;
        let new = clerk.get("/api/v1/cases/new").await.unwrap();
        let mut pen = Pen {
            canaries,
            fields: 0,
        };
        let responsible = office_id(&office.province, TOWNSHIP).unwrap();
        let set = json!({ "office": responsible });
        let signed = pen.sign(&clerk, &new["offer"], &set).await.unwrap();
        let case = signed["target"]["id"].as_str().unwrap().to_owned();
        office.until_delivered(&case).await;
        let mut desk = Self {
            case,
            fields: 0,
            matters: BTreeSet::new(),
            alarms: BTreeSet::new(),
        };
        for (at, word) in [
            (COUNTY, "bureau"),
            (COUNTY, "case"),
            (COUNTY, "head"),
            (COUNTY, "duty"),
        ] {
            desk.fill_case(&mut pen, &office.officer(at, word).await)
                .await;
        }
        office.until_delivered(&desk.case).await;
        for word in ["head", "officer"] {
            let client = office.officer(TOWNSHIP, word).await;
            desk.fill_case(&mut pen, &client).await;
            desk.write(&mut pen, &client).await;
            desk.draft(&mut pen, &client, word).await;
        }
        desk.fill_matters(&mut pen, office).await;
        desk.walk_out(office).await;
        desk.fill_alarms(&mut pen, office).await;
        desk.fields = pen.fields;
        desk
    }

    /// Every offer on the page of the case, once.
    async fn fill_case(&mut self, pen: &mut Pen<'_>, client: &Client) {
        let path = format!("/api/v1/cases/{}", self.case);
        let page = client.get(&path).await.unwrap();
        for event in events(&page) {
            // One signature may change what else is offered.
            let page = client.get(&path).await.unwrap();
            let Some(offer) = find(&page, &event) else {
                continue;
            };
            if let Ok(signed) = pen.sign(client, &offer, &Json::Null).await
                && signed["target"]["view"] == "matter"
            {
                let id = signed["target"]["id"].as_str().unwrap();
                self.matters.insert(id.to_owned());
            }
        }
    }

    async fn write(&self, pen: &mut Pen<'_>, client: &Client) {
        let path = format!("/api/v1/cases/{}/texts", self.case);
        let texts = client.get(&path).await.unwrap();
        for text in texts["items"].as_array().unwrap() {
            let name = text["name"].as_str().unwrap();
            if !text["value"].as_str().unwrap_or_default().is_empty() {
                continue;
            }
            let value = pen.canaries.next(&format!("text {name}"), CHARS);
            let body = json!({ "base": text["version"], "value": value });
            let answer = client
                .send("PUT", &format!("{path}/{name}"), Some(&body))
                .await;
            if answer.unwrap().status == 200 {
                pen.kept(&BTreeSet::from([value]));
            }
        }
    }

    async fn draft(&self, pen: &mut Pen<'_>, client: &Client, word: &str) {
        let title = pen.canaries.next("draft title", CHARS);
        let body = pen.canaries.next("draft body", CHARS);
        let form = json!({ "title": title, "body": { "note": body } });
        let path = format!("/api/v1/drafts/{}", draft_key(&self.case, word));
        let answer = client.send("PUT", &path, Some(&form)).await.unwrap();
        answer.wanted(&path, 204).unwrap();
        pen.kept(&BTreeSet::from([title, body]));
    }

    /// Goes on with each matter as far as anybody may.
    async fn fill_matters(&self, pen: &mut Pen<'_>, office: &Office) {
        let people = people(office).await;
        for matter in &self.matters {
            step_through(pen, &people, &format!("/api/v1/matters/{matter}")).await;
        }
    }

    /// The person's band leaves the county, and there is an alarm.
    async fn walk_out(&mut self, office: &Office) {
        let bench = Bench {
            case: office.officer(COUNTY, "case").await,
            head: office.officer(COUNTY, "head").await,
            bureau: office.officer(COUNTY, "bureau").await,
        };
        let decided = bench.decide(&self.case, DEVICE, today()).await;
        decided.unwrap();
        office.until_delivered(&self.case).await;
        let gateway = office.province.gateway(TOWNSHIP).unwrap();
        let way = way_out("431381").unwrap();
        // What is fenced now is watched from now on, so the way lies in the few minutes to come that a
        // device's clock may be ahead.
        let last = jiff::Timestamp::now().as_millisecond() + (way.len() as i64 - 1) * STEP_MS;
        let device = format!("{DEVICE}&token={TOKEN}");
        for (place, time) in way.iter().zip(times(last, way.len())) {
            send(&gateway, &device, *place, time).await.unwrap();
        }
        let client = office.officer(TOWNSHIP, "officer").await;
        let raised = async {
            let mut newest = 0;
            loop {
                newest = office.province.next_change(TOWNSHIP, newest).await.unwrap();
                let alarms = client.get("/api/v1/alarms").await.unwrap();
                let items = alarms["items"].as_array().unwrap();
                if !items.is_empty() {
                    let id = |alarm: &Json| alarm["id"].as_str().unwrap().to_owned();
                    return items.iter().map(id).collect();
                }
            }
        };
        let raised = tokio::time::timeout(PATIENCE, raised).await;
        self.alarms = raised.expect("an alarm is raised");
    }

    async fn fill_alarms(&self, pen: &mut Pen<'_>, office: &Office) {
        let people = people(office).await;
        for alarm in &self.alarms {
            step_through(pen, &people, &format!("/api/v1/alarms/{alarm}")).await;
        }
    }

    /// Everything that the two of the township are shown of it, as text.
    pub(crate) async fn read_back(&self, office: &Office) -> String {
        let mut shown = String::new();
        for word in ["head", "officer"] {
            let client = office.officer(TOWNSHIP, word).await;
            let case = format!("/api/v1/cases/{}", self.case);
            let mut paths = vec![
                case.clone(),
                // The evidence holds also what was replaced since.
                format!("{case}/bundle"),
                format!("{case}/texts"),
                format!("{case}/records?limit=200"),
                format!("{case}/timeline?limit=200"),
                format!("/api/v1/drafts/{}", draft_key(&self.case, word)),
                "/api/v1/map/fences".to_owned(),
            ];
            paths.extend(
                self.matters
                    .iter()
                    .map(|id| format!("/api/v1/matters/{id}")),
            );
            paths.extend(self.alarms.iter().map(|id| format!("/api/v1/alarms/{id}")));
            for path in paths {
                shown += &client.send("GET", &path, None).await.unwrap().text;
            }
        }
        shown
    }
}

async fn people(office: &Office) -> Vec<Client> {
    let mut people = Vec::new();
    for word in ["officer", "head"] {
        people.push(office.officer(TOWNSHIP, word).await);
    }
    people
}

/// Signs whatever comes next on a page until nobody is offered anything new.
async fn step_through(pen: &mut Pen<'_>, people: &[Client], path: &str) {
    let mut done = BTreeSet::new();
    for _ in 0..STEPS_MAX {
        let mut went_on = false;
        for client in people {
            let page = client.get(path).await.unwrap();
            for event in events(&page) {
                if done.contains(&event) {
                    continue;
                }
                let Some(offer) = find(&page, &event) else {
                    continue;
                };
                if pen.sign(client, &offer, &Json::Null).await.is_ok() {
                    done.insert(event);
                    went_on = true;
                    break;
                }
            }
        }
        if !went_on {
            return;
        }
    }
}

/// Fills forms in.
struct Pen<'a> {
    canaries: &'a mut Canaries,
    fields: usize,
}

impl Pen<'_> {
    /// Fills a whole form and signs it; a form whose rules don't take all its fields together is
    /// signed with those that it must have and its texts.
    async fn sign(&mut self, client: &Client, offer: &Json, set: &Json) -> Result<Json, String> {
        let mut said = String::new();
        for whole in [true, false] {
            let (form, used) = self.fill(offer, set, whole);
            let strong = offer["passphrase"] == true;
            let body = json!({
                "event": offer["event"], "fields": form, "section_id": offer["section"]["id"],
                "sign": strong.then(|| json!({ "passphrase": PASSPHRASE })), "dry_run": false,
            });
            let post = offer["post"].as_str().unwrap();
            let answer = client.send("POST", post, Some(&body)).await.unwrap();
            if answer.status == 201 {
                self.kept(&used);
                return Ok(answer.json);
            }
            said = answer.text;
        }
        Err(said)
    }

    fn kept(&mut self, used: &BTreeSet<String>) {
        self.fields += used.len();
        self.canaries.keep(used);
    }

    fn fill(
        &mut self,
        offer: &Json,
        set: &Json,
        whole: bool,
    ) -> (Map<String, Json>, BTreeSet<String>) {
        let (mut form, mut used) = (Map::new(), BTreeSet::new());
        for field in offer["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let is_text = field["kind"] == "text";
            // A public key and a week's hours are no words that anybody could hide.
            let is_form = matches!(name, "key" | "schedule");
            if is_form || !(whole || is_text || field["required"] == true) {
                continue;
            }
            let value = match set.get(name) {
                Some(value) => value.clone(),
                None if is_text => {
                    let named = format!("{} {name}", offer["event"].as_str().unwrap());
                    let text = self.text(&named, name, field);
                    // Of a token only the hash is kept, so nobody is shown it again.
                    if text != TOKEN {
                        used.insert(text.clone());
                    }
                    json!(text)
                }
                None => plain(name, field),
            };
            form.insert(name.to_owned(), value);
        }
        (form, used)
    }

    fn text(&mut self, named: &str, name: &str, field: &Json) -> String {
        let own = match name {
            "id_number" => Some(invent("431381", 777).id_number),
            "terminal" => Some(DEVICE.to_owned()),
            "home_division" => Some("431381100000".to_owned()),
            "token" => Some(TOKEN.to_owned()),
            _ => None,
        };
        if let Some(text) = own {
            self.canaries.note(named, &text);
            text
        } else {
            let most = field["max_chars"].as_u64().unwrap() as usize;
            self.canaries.next(named, most)
        }
    }
}

/// What goes into a field that holds no words.
fn plain(name: &str, field: &Json) -> Json {
    let days = |days: i64| json!(today().saturating_add(days.days()).to_string());
    match field["kind"].as_str().unwrap() {
        "bool" => json!(true),
        "integer" => field["min"].clone(),
        "choice" => field["choices"][0]["code"].clone(),
        "date" => match name {
            "term_first" | "effective" => days(-100),
            "term_last" => days(400),
            "birth" => json!("1990-03-07"),
            "until" => days(60),
            "to" => days(2),
            _ => days(0),
        },
        "datetime" => json!(jiff::Timestamp::now().as_millisecond()),
        "area" => json!({
            "type": "Feature", "geometry": null,
            "properties": { "name": "县域", "datum": "wgs84", "adcodes": ["431381"] },
        }),
        _ => Json::Null,
    }
}

fn draft_key(case: &str, word: &str) -> String {
    format!("case.{case}.{word}")
}

/// Events on a page that this person may sign now.
fn events(page: &Json) -> Vec<String> {
    let open = offers(page).filter(|offer| offer["blocked"].is_null());
    open.filter_map(|offer| offer["event"].as_str().map(str::to_owned))
        .collect()
}

fn find(page: &Json, event: &str) -> Option<Json> {
    offers(page)
        .find(|offer| offer["event"] == event && offer["blocked"].is_null())
        .cloned()
}

fn offers(page: &Json) -> impl Iterator<Item = &Json> {
    let lists = ["offers", "records"].into_iter();
    let lists = lists.filter_map(|name| page[name].as_array()).flatten();
    let protected = page["protected"].as_array().into_iter().flatten();
    lists
        .chain(protected.map(|field| &field["amend"]))
        .filter(|offer| offer.is_object())
}
