//! Articles of an invented city by the thousand, and people who type what they look for, key by
//! key. Never real texts, never part of a test.

use crate::document::Document;
use crate::evaluate::percentile;
use crate::failure::Failure;
use crate::hangul;
use crate::index::Index;
use crate::query::Query;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Things that citizens ask about. Together with endings they give the usual words; rare words are
/// put together from syllables.
const THINGS: &str = "여권 주민등록 주차 불법주정차 쓰레기 대형폐기물 수도요금 층간소음 가로등 도로 보도블록 \
    하수구 버스 지하철 택시 자전거 어린이집 유치원 학교 도서관 보건소 예방접종 장애인 노인 기초연금 청년 월세 \
    전입신고 출생신고 혼인신고 사망신고 인감증명 가족관계 재산세 자동차세 취득세 지방세 과태료 체납 환급 공원 \
    나무 가지치기 하천 제설 폭설 폭염 침수 재난 대피소 미세먼지 소음 악취 반려동물 유기견 길고양이 식당 위생 \
    영업신고 사업자 일자리 창업 대출 전세 임대주택 재개발 건축허가 외국인 체류 통역 다문화 이주 문화행사 공연 \
    박물관 체육관 수영장 예약 공사 단수 누수 계량기 검침 정화조 분리수거 재활용 종량제봉투 음식물 현수막 노점";
const DEEDS: &str = "신고 신청 발급 재발급 조회 납부 감면 면제 환불 취소 변경 등록 말소 이전 설치 철거 점검 수리 \
    교체 문의 상담 예약 방문 접수 처리 기간 비용 수수료 서류 대상 자격 지원 방법 절차 장소 시간 전화 온라인";
const ENDINGS: &str =
    "은 는 이 가 을 를 에 에서 으로 의 도 만 까지 부터 하려면 해야 합니다 됩니다 인가요";
const OTHERS: [(&str, &str); 5] = [
    (
        "en",
        "passport parking garbage water noise street light road bus permit tax fine refund park tree \
         snow flood shelter dust pet clinic vaccine school library pension rent report apply renew \
         cancel register office hours documents fee online resident foreigner interpreter city \
         district \
         how where when can must with without within days before after closed open the a of for to \
         in",
    ),
    (
        "vi",
        "hộ chiếu đăng ký người nước ngoài rác thải đỗ xe trái phép tiếng ồn thuế hoàn tiền công viên \
         trường học bảo hiểm khám bệnh tiêm phòng nhà ở thuê lệ phí giấy tờ nộp đơn thời gian địa chỉ \
         điện thoại văn phòng quận thành phố xin gia hạn hủy báo mất cấp lại miễn phí phiên dịch",
    ),
    (
        "mn",
        "паспорт бүртгэл гадаад иргэн хог хаягдал зогсоол дуу чимээ татвар буцаан олголт цэцэрлэгт \
         хүрээлэн сургууль даатгал эмнэлэг вакцин орон сууц түрээс хураамж бичиг баримт өргөдөл \
         хугацаа \
         хаяг утас дүүрэг хот сунгах цуцлах мэдэгдэх алдсан дахин олгох үнэгүй орчуулга \
         хэрхэн хаана",
    ),
    (
        "zh",
        "护照 登记 外国人 垃圾 停车 噪音 税金 退款 公园 学校 保险 医院 疫苗 住房 租金 手续费 材料 申请 时间 地址 电话 \
         办公室 区 城市 延期 取消 举报 遗失 补发 免费 翻译 如何 哪里 可以 需要 工作日 之内 网上 办理 窗口",
    ),
    (
        "ja",
        "旅券 登録 外国人 ごみ 駐車 騒音 税金 還付 公園 学校 保険 病院 予防接種 住宅 家賃 手数料 書類 申請 時間 住所 \
         電話 窓口 区 市 延長 取消 通報 紛失 再発行 無料 通訳 どこで いつ できますか 必要です 平日 以内 オンライン",
    ),
];
/// One of so many words is a name that hardly any other article has.
const RARE: u64 = 6;
/// Words of a text.
const BODY_WORDS: u64 = 80;
/// One of so many articles is in another language than Korean.
const FOREIGN: u64 = 4;
/// Keys typed for one measurement.
const KEYSTROKES: usize = 2_000;
const TODAY: i64 = 20_000;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Figures {
    /// In the index.
    pub articles: u64,
    /// To build it.
    pub build: Duration,
    /// Its files.
    pub bytes: u64,
    /// To open it again, every file read.
    pub open: Duration,
    /// To publish one article into it, until it is found.
    pub publish: Duration,
    /// Keys typed.
    pub keystrokes: usize,
    /// Of one key, half of them, 99 of 100, all.
    pub p50: Duration,
    /// Of one key.
    pub p99: Duration,
    /// Of one key.
    pub max: Duration,
    /// Time of the processor for one key, whatever else ran beside it; zero where it is not told.
    pub cpu_p50: Duration,
    /// Time of the processor for one key.
    pub cpu_p99: Duration,
    /// Questions whose article was among ten when they were typed to the end, of all.
    pub found: f64,
}

impl Figures {
    /// One `name=value` pair for each figure.
    pub fn lines(&self) -> Vec<String> {
        let name = format!("search_{}", self.articles);
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        vec![
            format!("{name}_build_s={:.1}", self.build.as_secs_f64()),
            format!("{name}_mib={:.1}", self.bytes as f64 / 1_048_576.0),
            format!("{name}_open_ms={:.1}", ms(self.open)),
            format!("{name}_publish_ms={:.1}", ms(self.publish)),
            format!("{name}_keystrokes={}", self.keystrokes),
            format!("{name}_keystroke_p50_ms={:.2}", ms(self.p50)),
            format!("{name}_keystroke_p99_ms={:.2}", ms(self.p99)),
            format!("{name}_keystroke_max_ms={:.2}", ms(self.max)),
            format!("{name}_keystroke_cpu_p50_ms={:.2}", ms(self.cpu_p50)),
            format!("{name}_keystroke_cpu_p99_ms={:.2}", ms(self.cpu_p99)),
            format!("{name}_found_among_ten={:.3}", self.found),
        ]
    }
}

/// Builds an index of so many articles in a folder, unless it is there, and types into it, on this
/// thread alone.
pub fn run(folder: &Path, articles: u64) -> Result<Figures, Failure> {
    let started = Instant::now();
    let known = Index::open(folder).is_ok_and(|index| index.texts() == articles);
    if !known {
        let index = Index::fresh(folder)?;
        index.replace((0..articles).map(article), 0)?;
    }
    let build = started.elapsed();
    let started = Instant::now();
    let index = Index::open(folder)?;
    let open = started.elapsed();
    let started = Instant::now();
    index.put(&[article(articles / 2)], &[], 1)?;
    let publish = started.elapsed();
    let mut typed = Typed::default();
    let mut dice = Dice(7);
    while typed.times.len() < KEYSTROKES {
        typed.question(&index, &article(dice.below(articles)), &mut dice)?;
    }
    typed.times.sort_unstable();
    typed.cpu.sort_unstable();
    Ok(Figures {
        articles,
        build,
        bytes: bytes(folder)?,
        open,
        publish,
        keystrokes: typed.times.len(),
        p50: percentile(&typed.times, 50),
        p99: percentile(&typed.times, 99),
        max: typed.times.last().copied().unwrap_or_default(),
        cpu_p50: percentile(&typed.cpu, 50),
        cpu_p99: percentile(&typed.cpu, 99),
        found: f64::from(typed.found) / f64::from(typed.asked),
    })
}

/// What was typed so far, and how long each key took.
#[derive(Default)]
struct Typed {
    times: Vec<Duration>,
    cpu: Vec<Duration>,
    asked: u32,
    found: u32,
}

impl Typed {
    /// Types the title of an article key by key.
    fn question(
        &mut self,
        index: &Index,
        wanted: &Document,
        dice: &mut Dice,
    ) -> Result<(), Failure> {
        let mut last = Vec::new();
        for text in keystrokes(&question(&wanted.title, dice)) {
            let query = Query {
                text,
                languages: vec![wanted.language.clone(), "ko".to_owned()],
                today: TODAY,
                ..Query::default()
            };
            let (started, before) = (Instant::now(), own_time());
            last = index.search(&query)?.hits;
            self.times.push(started.elapsed());
            let busy = own_time().zip(before);
            self.cpu
                .extend(busy.map(|(after, before)| after.saturating_sub(before)));
        }
        self.asked += 1;
        self.found += u32::from(last.iter().any(|hit| hit.article == wanted.article));
        Ok(())
    }
}

/// Time that this thread had a processor (Linux). The kernel counts when the thread gives way.
fn own_time() -> Option<Duration> {
    std::thread::yield_now();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = told.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn bytes(folder: &Path) -> std::io::Result<u64> {
    let files = std::fs::read_dir(folder)?;
    files.map(|file| Ok(file?.metadata()?.len())).sum()
}

/// The title as somebody types it who leaves words out.
fn question(title: &str, dice: &mut Dice) -> String {
    let words: Vec<&str> = title.split(' ').collect();
    let kept = words.iter().filter(|_| dice.below(4) > 0).copied();
    let kept: Vec<&str> = kept.collect();
    if kept.is_empty() {
        title.to_owned()
    } else {
        kept.join(" ")
    }
}

/// What stands in the box after each key.
fn keystrokes(text: &str) -> Vec<String> {
    let mut states = Vec::new();
    let mut done = String::new();
    for word in text.split_inclusive(' ') {
        match hangul::all_keys(word.trim_end()) {
            Some(keys) => {
                let typed = (1..=keys.len()).filter_map(|end| hangul::compose(&keys[..end]));
                states.extend(typed.map(|(begun, _)| format!("{done}{begun}")));
                done.push_str(word);
            }
            None => {
                for letter in word.chars() {
                    done.push(letter);
                    states.push(done.clone());
                }
            }
        }
    }
    states
}

/// The article of a number, always the same.
pub fn article(number: u64) -> Document {
    let mut dice = Dice(number + 1);
    let foreign = dice.below(FOREIGN) == 0;
    let place = dice.below(OTHERS.len() as u64) as usize;
    let (language, words) = if foreign { OTHERS[place] } else { ("ko", "") };
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut text = |count: u64| {
        let words = (0..count).map(|_| word(&mut dice, &words));
        words.collect::<Vec<String>>().join(" ")
    };
    let title = text(5);
    let questions = vec![text(6), text(4)];
    let answer = text(20);
    let body = text(BODY_WORDS);
    Document {
        article: format!("article-{number}"),
        language: language.to_owned(),
        title,
        questions,
        answer,
        body,
        category: format!("C{:02}-{:02}", dice.below(12), dice.below(9)),
        revised: TODAY - dice.below(900) as i64,
        used: dice.below(400),
        ..Document::default()
    }
}

fn word(dice: &mut Dice, others: &[&str]) -> String {
    static WORDS: OnceLock<[Vec<&str>; 3]> = OnceLock::new();
    if !others.is_empty() {
        return others[dice.skewed(others.len())].to_owned();
    }
    let split = |words: &'static str| words.split_whitespace().collect();
    let [things, deeds, endings] = WORDS.get_or_init(|| [THINGS, DEEDS, ENDINGS].map(split));
    let mut word = if dice.below(RARE) == 0 {
        let syllables = 2 + dice.below(2);
        let syllable = |_| char::from_u32(0xac00 + dice.below(11_172 / 28) as u32 * 28);
        (0..syllables).filter_map(syllable).collect()
    } else if dice.below(2) == 0 {
        things[dice.skewed(things.len())].to_owned()
    } else {
        deeds[dice.skewed(deeds.len())].to_owned()
    };
    if dice.below(2) == 0 {
        word.push_str(endings[dice.skewed(endings.len())]);
    }
    word
}

/// Numbers from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A place in a list: the first ones come up more often.
    fn skewed(&mut self, length: usize) -> usize {
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((part * part) * length as f64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_the_same_article() {
        assert_eq!(article(3), article(3));
        assert_ne!(article(3).title, article(4).title);
        let languages = (0..200).map(|number| article(number).language);
        let all: std::collections::BTreeSet<String> = languages.collect();
        assert_eq!(all.len(), OTHERS.len() + 1);
    }

    #[test]
    fn a_box_shows_every_state_of_a_syllable() {
        assert_eq!(
            keystrokes("여권 a"),
            ["ㅇ", "여", "역", "여구", "여궈", "여권", "여권 a"]
        );
    }
}
