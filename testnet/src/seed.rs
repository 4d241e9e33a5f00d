//! The invented cases of a drill, entered as officers enter them: over HTTP, each signed by whoever
//! may sign it, at the desk where that person works.

use crate::band::Bench;
use crate::client::{Client, ClientError};
use crate::people::invent;
use crate::province::{Province, ProvinceError};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz};
use serde_json::{Value as Json, json};

/// Kinds of measure among the seeded cases: most are suspended sentences.
const KINDS: [&str; 4] = ["02", "02", "03", "01"];
/// Supervision classes among the seeded cases.
const CLASSES: [&str; 4] = ["general", "general", "strict", "lenient"];

/// A seeded case.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Key of the responsible office.
    pub office: String,
    /// Dossier id, hexadecimal.
    pub case: String,
    /// The person's name.
    pub name: String,
    /// The positioning device bound to the person.
    pub device: String,
}

/// The cases are entered so long ago, s: what is fenced now is watched from now on only, and a walk
/// begins some minutes back.
const SEEDED_AGO_S: i64 = 12 * 3_600;

/// Brings a founded province to life: all nodes play half a day ago while the cases are entered,
/// then start again with the true time.
pub async fn populate(province: &mut Province) -> Result<Vec<Subject>, ProvinceError> {
    populate_then(province, || ()).await
}

/// The same; something is done while no node runs, before they start with the true time.
pub async fn populate_then(
    province: &mut Province,
    between: impl FnOnce(),
) -> Result<Vec<Subject>, ProvinceError> {
    start_at(province, -SEEDED_AGO_S).await?;
    let subjects = seed(province).await?;
    // After their restart nodes hold their cases closed, and what is not yet sent waits for an
    // officer.
    province.until_linked().await?;
    province.stop_all().await;
    between();
    start_at(province, 0).await?;
    Ok(subjects)
}

async fn start_at(province: &mut Province, offset_s: i64) -> Result<(), ProvinceError> {
    for key in &province.order {
        province.set_clock(key, offset_s)?;
    }
    province.start_all().await?;
    province.until_linked().await
}

/// Opens every case of the topology, then fences, binds a device, writes and notes.
async fn seed(province: &Province) -> Result<Vec<Subject>, ProvinceError> {
    let mut subjects = Vec::new();
    let counties: Vec<String> = province
        .order
        .iter()
        .filter(|key| province.sites[*key].plan.tier == 2)
        .cloned()
        .collect();
    for county in counties {
        let desk = County::open(province, &county).await?;
        for township in province
            .order
            .iter()
            .filter(|key| province.sites[*key].plan.parent.as_deref() == Some(county.as_str()))
        {
            subjects.extend(desk.seed(province, township).await?);
        }
    }
    Ok(subjects)
}

/// Today in Asia/Shanghai.
pub fn today() -> Date {
    tz::offset(8).to_datetime(Timestamp::now()).date()
}

/// The form of a leave of so many days from today.
pub fn leave_form(days: i64, purpose: &str, destination: &str) -> Json {
    let from = today();
    let to = from.saturating_add((days - 1).days());
    json!({
        "from": from.to_string(), "to": to.to_string(), "purpose": purpose,
        "detail": "凭医院预约单", "destination": destination,
    })
}

/// The county's people whose work a new case needs.
struct County {
    adcode: String,
    bench: Bench,
}

impl County {
    async fn open(province: &Province, key: &str) -> Result<Self, ProvinceError> {
        Ok(Self {
            adcode: province.site(key)?.plan.code.clone(),
            bench: Bench {
                case: province.officer(key, "case").await?,
                head: province.officer(key, "head").await?,
                bureau: province.officer(key, "bureau").await?,
            },
        })
    }

    async fn seed(&self, province: &Province, key: &str) -> Result<Vec<Subject>, ProvinceError> {
        let (office, count) = (office_id(province, key)?, province.site(key)?.plan.cases);
        let mut subjects = Vec::new();
        for number in 0..count {
            let subject = self.register(key, &office, number).await?;
            self.bind(&subject).await?;
            subjects.push(subject);
        }
        province
            .until(key, "its cases have arrived", |state| {
                state["cases"].as_u64() >= Some(count as u64)
            })
            .await?;
        let head = province.officer(key, "head").await?;
        let officer = province.officer(key, "officer").await?;
        for (number, subject) in subjects.iter().enumerate() {
            fence(&head, &self.adcode, subject).await?;
            write(&officer, subject, number).await?;
        }
        Ok(subjects)
    }

    /// Opens a case at a township.
    async fn register(
        &self,
        key: &str,
        office: &str,
        number: usize,
    ) -> Result<Subject, ClientError> {
        let seat: usize = key.bytes().map(usize::from).sum();
        let person = invent(&self.adcode, seat + number * 17);
        let days = 40 + number as i64 * 37;
        let first = today().saturating_sub(days.days());
        // Nobody's term has ended: a closed case is looked at for a reason only.
        let years = days / 365 + number as i64 % 3 + 1;
        let form = json!({
            "office": office, "name": person.name, "id_number": person.id_number,
            "sex": if person.female { "02" } else { "01" },
            "kind": KINDS[number % KINDS.len()],
            "term_first": first.to_string(),
            "term_last": first.saturating_add(years.years()).to_string(),
            "class": CLASSES[number % CLASSES.len()],
            "decision_organ": "演练人民法院",
        });
        let signed = self
            .bench
            .case
            .sign("/api/v1/cases/new", "open", form)
            .await?;
        let case = signed["target"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok(Subject {
            office: key.to_owned(),
            device: format!("band-{key}-{number}"),
            name: person.name,
            case,
        })
    }

    async fn bind(&self, subject: &Subject) -> Result<(), ClientError> {
        let from = today().saturating_sub(1.days());
        let (case, device) = (&subject.case, &subject.device);
        self.bench.decide(case, device, from).await?;
        self.bench.bind(case, device, from).await
    }
}

/// Keeps a person in the county.
async fn fence(head: &Client, adcode: &str, subject: &Subject) -> Result<(), ClientError> {
    let area = json!({
        "type": "Feature", "geometry": null,
        "properties": { "name": "县域", "datum": "wgs84", "adcodes": [adcode] },
    });
    let form = json!({ "name": "县域", "kind": "keep_in", "buffer_m": 100, "area": area });
    let page = format!("/api/v1/cases/{}", subject.case);
    head.sign(&page, "fence_set", form).await.map(|_| ())
}

/// What an officer writes of a case.
async fn write(officer: &Client, subject: &Subject, number: usize) -> Result<(), ClientError> {
    let page = format!("/api/v1/cases/{}", subject.case);
    let texts = officer.get(&format!("{page}/texts")).await?;
    let plan = texts["items"]
        .as_array()
        .and_then(|items| items.iter().find(|text| text["name"] == "plan"));
    if let Some(plan) = plan {
        let value = format!(
            "{}，家住本镇，现有固定住处。每月至少实地查访一次，帮助联系就业。",
            subject.name
        );
        let body = json!({ "base": plan["version"], "value": value });
        let path = format!("{page}/texts/plan");
        officer
            .send("PUT", &path, Some(&body))
            .await?
            .wanted(&path, 200)?;
    }
    let on = today().saturating_sub((number as i64 % 5).days());
    let note = json!({
        "on": on.to_string(), "place": "家中",
        "note": "本人在家，情绪平稳，了解近期工作和生活情况。",
    });
    officer.sign(&page, "record:visit", note).await?;
    if number % 3 == 1 {
        let form = leave_form(3 + number as i64, "medical", "长沙市岳麓区");
        officer.sign(&page, "apply:leave", form).await?;
    }
    Ok(())
}

/// The office id of a running office.
pub fn office_id(province: &Province, key: &str) -> Result<String, ProvinceError> {
    Ok(province.running(key)?.ready.office.clone())
}
