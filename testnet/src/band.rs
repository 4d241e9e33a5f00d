//! A positioning device on a person, decided as the law wants it: proposed on a ground with its
//! proof, an opinion of the county, the bureau's approval, the fitting, and only then the number of
//! the device.

use crate::client::{Client, ClientError};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value as Json, json};

/// The county's people whom it takes.
#[derive(Debug)]
pub struct Bench {
    /// Prepares: `CTY_CASE`.
    pub case: Client,
    /// Gives the opinion: `CTY_HEAD`.
    pub head: Client,
    /// Approves: `CTY_BUREAU`.
    pub bureau: Client,
}

impl Bench {
    /// Decides the use of a device for two months from a day on and has it fitted. The answer is
    /// the matter.
    pub async fn decide(
        &self,
        case: &str,
        device: &str,
        from: Date,
    ) -> Result<String, ClientError> {
        let page = format!("/api/v1/cases/{case}");
        let note = json!({
            "on": from.to_string(), "place": "司法所", "present": "承办人",
            "note": "核实未经批准离开居住县的情况，本人承认。",
        });
        self.case.sign(&page, "record:talk", note).await?;
        let proof = self.proof(&page).await?;
        let form = json!({
            "from": from.to_string(), "to": from.saturating_add(2.months()).to_string(),
            "ground": "G2", "evidence": proof, "detail": "无正当理由，未经批准离开居住县一次",
        });
        let signed = self.case.sign(&page, "apply:device", form).await?;
        let matter = signed["target"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let page = format!("/api/v1/matters/{matter}");
        let opinion = json!({ "agree": true, "opinion": "情形属实，同意使用" });
        self.head.sign(&page, "opine", opinion).await?;
        self.bureau.sign(&page, "approve", json!({})).await?;
        let fit = json!({ "device": device, "signed_by_person": true, "note": "已告知并佩戴" });
        self.case.sign(&page, "fit", fit).await?;
        Ok(matter)
    }

    /// Binds the device to the person of the case.
    pub async fn bind(&self, case: &str, device: &str, from: Date) -> Result<(), ClientError> {
        let form = json!({
            "terminal": device, "regime": "band", "from": from.to_string(),
            "until": from.saturating_add(2.months()).to_string(),
        });
        let page = format!("/api/v1/cases/{case}");
        self.bureau
            .sign(&page, "device_bind", form)
            .await
            .map(|_| ())
    }

    /// The newest act that may prove the ground.
    async fn proof(&self, page: &str) -> Result<Json, ClientError> {
        let shown = self.case.get(page).await?;
        let offers = shown["offers"].as_array().into_iter().flatten();
        let offer = offers.filter(|offer| offer["event"] == "apply:device");
        let fields = offer
            .filter_map(|offer| offer["fields"].as_array())
            .flatten();
        let mut choices = fields.filter(|field| field["name"] == "evidence");
        let first = choices.find_map(|field| field["choices"].get(0));
        Ok(first.map_or(Json::Null, |choice| choice["code"].clone()))
    }
}
