//! The search from outside: languages, slips, ranking, damage. Never a look inside the index.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod damage;
mod languages;
mod order;
mod properties;
mod slips;

use search::{Answer, Document, Index, Query};

/// A text of an article in one language.
fn text(article: &str, language: &str, title: &str, body: &str) -> Document {
    Document {
        article: article.to_owned(),
        language: language.to_owned(),
        title: title.to_owned(),
        body: body.to_owned(),
        revised: 20_000,
        ..Document::default()
    }
}

fn index(documents: Vec<Document>) -> Index {
    let index = Index::in_memory().unwrap();
    index.replace(documents, 1).unwrap();
    index
}

fn ask(index: &Index, text: &str) -> Answer {
    let query = Query {
        text: text.to_owned(),
        today: 20_000,
        ..Query::default()
    };
    index.search(&query).unwrap()
}

/// Code of the first article.
fn first(index: &Index, text: &str) -> String {
    let answer = ask(index, text);
    answer
        .hits
        .first()
        .map_or("nothing", |hit| &hit.article)
        .to_owned()
}

/// A small city in Korean.
fn korean() -> Index {
    index(vec![
        text(
            "parking",
            "ko",
            "불법 주정차 신고",
            "도로에 세운 차를 사진과 함께 신고합니다.",
        ),
        text(
            "bulky",
            "ko",
            "대형폐기물 버리기",
            "가구와 가전제품은 스티커를 붙여 내놓습니다.",
        ),
        text(
            "passport",
            "ko",
            "여권을 잃어버렸어요",
            "가까운 구청에서 여권 재발급을 신청합니다.",
        ),
        text(
            "noise",
            "ko",
            "층간소음 상담",
            "이웃 사이의 소음은 센터에서 중재합니다.",
        ),
        text(
            "water",
            "ko",
            "수도요금 조회와 납부",
            "수도 계량기 번호로 조회합니다.",
        ),
        text(
            "childcare",
            "ko",
            "어린이집 입소 대기",
            "온라인으로 신청합니다.",
        ),
        text(
            "snow",
            "ko",
            "눈 치우기",
            "폭설 때는 제설함의 염화칼슘을 쓰세요.",
        ),
    ])
}
