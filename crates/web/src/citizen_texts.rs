//! Every word of the citizens' page in the six languages of the prompts. Never a word that staff
//! see.

use crate::texts::words;

/// Language tags of the public page, in the order of every row below.
pub(crate) const LANGUAGES: [&str; 6] = ["ko", "en", "zh", "ja", "vi", "mn"];

/// Names of these languages in themselves.
pub(crate) const OWN_NAMES: [&str; 6] = [
    "한국어",
    "English",
    "中文",
    "日本語",
    "Tiếng Việt",
    "Монгол",
];

/// The texts in a language.
pub(crate) fn in_language(tag: &str) -> &'static Citizen {
    static CITIZEN: [Citizen; 6] = [
        Citizen::of(0),
        Citizen::of(1),
        Citizen::of(2),
        Citizen::of(3),
        Citizen::of(4),
        Citizen::of(5),
    ];
    let at = LANGUAGES.iter().position(|known| *known == tag);
    &CITIZEN[at.unwrap_or(1)]
}

words!(
    /// What a citizen reads.
    Citizen, 6, {
    tag: ["ko", "en", "zh", "ja", "vi", "mn"];
    title: [
        "무엇이든 {number}에 물어보세요",
        "Ask {number} anything",
        "任何问题，请拨 {number}",
        "困ったときは {number} へ",
        "Hãy hỏi {number} bất cứ điều gì",
        "{number} дугаараас юу ч асуугаарай"];
    lead: [
        "교통, 수도, 주차, 복지, 외국인 생활까지. 시의 모든 일을 한 번호로, 하루 24시간 상담합니다.",
        "Traffic, water, parking, welfare, life as a newcomer: one number for everything the city does, day and night.",
        "交通、供水、停车、福利、外国人生活：城市的所有事务只需一个号码，全天24小时。",
        "交通、水道、駐車、福祉、外国人の暮らしまで。市のことは何でもひとつの番号で、24時間お答えします。",
        "Giao thông, nước, đỗ xe, phúc lợi, đời sống người nước ngoài: một số duy nhất cho mọi việc của thành phố, suốt ngày đêm.",
        "Тээвэр, ус, зогсоол, халамж, гадаад иргэний амьдрал: хотын бүх асуудалд нэг дугаар, өдөр шөнөгүй."];
    call_here: [
        "이 화면에서 전화하기",
        "Call from this page",
        "从本页面拨打电话",
        "このページから電話する",
        "Gọi từ trang này",
        "Энэ хуудаснаас залгах"];
    call_hint: [
        "무료입니다. 브라우저가 마이크 사용을 물으면 허용해 주세요. 통화는 녹음됩니다.",
        "Free of charge. Allow the microphone when the browser asks. The call is recorded.",
        "免费。浏览器询问时请允许使用麦克风。通话将被录音。",
        "無料です。ブラウザーがマイクの使用を尋ねたら許可してください。通話は録音されます。",
        "Miễn phí. Hãy cho phép dùng micrô khi trình duyệt hỏi. Cuộc gọi được ghi âm.",
        "Үнэгүй. Хөтөч асуухад микрофоныг зөвшөөрнө үү. Дуудлагыг бичнэ."];
    by_phone: [
        "전화로", "By telephone", "用电话", "電話で", "Bằng điện thoại", "Утсаар"];
    by_phone_text: [
        "어디서나 국번 없이 {number}. 아무것도 누르지 않으면 상담사에게 연결됩니다. 다른 언어는 9번을 누르세요.",
        "Dial {number} from any telephone. If you press nothing you reach a counselor. For other languages press 9.",
        "用任何电话拨打 {number}。不按键即可接通咨询员。其他语言请按 9。",
        "どの電話からでも {number}。何も押さなければ相談員につながります。ほかの言語は 9 を押してください。",
        "Gọi {number} từ bất kỳ điện thoại nào. Không bấm gì sẽ gặp tư vấn viên. Ngôn ngữ khác: bấm 9.",
        "Ямар ч утаснаас {number} руу залгана. Юу ч дарахгүй бол зөвлөхтэй холбогдоно. Өөр хэл: 9 дарна."];
    by_sip: [
        "SIP 전화기로",
        "With a SIP telephone",
        "用 SIP 电话",
        "SIP 電話で",
        "Bằng điện thoại SIP",
        "SIP утсаар"];
    languages: [
        "상담 언어", "Languages", "咨询语言", "相談できる言語", "Ngôn ngữ tư vấn", "Зөвлөгөөний хэл"];
    emergency: [
        "생명이 위급하면 119, 범죄는 112로 먼저 전화하세요.",
        "Danger to life: call 119 first. Crime: 112.",
        "生命危急请先拨 119，犯罪请拨 112。",
        "命の危険は 119、犯罪は 112 へ先に電話してください。",
        "Nguy hiểm tính mạng: gọi 119 trước. Tội phạm: 112.",
        "Амь насанд аюултай бол эхлээд 119, гэмт хэрэг бол 112 руу залгаарай."];
    staff: ["직원용", "For staff", "工作人员", "職員用", "Dành cho nhân viên", "Ажилтанд"];
    desk: ["상담 데스크", "Desk", "坐席", "デスク", "Bàn tư vấn", "Зөвлөхийн ширээ"];
    floor: ["현황판", "Floor", "大屏", "状況ボード", "Bảng theo dõi", "Хяналтын самбар"];
    keypad: ["번호판", "Keypad", "拨号键盘", "キーパッド", "Bàn phím", "Товчлуур"];
    hang_up: ["끊기", "Hang up", "挂断", "電話を切る", "Gác máy", "Таслах"];
    again: ["다시 전화하기", "Call again", "再次拨打", "もう一度電話する", "Gọi lại", "Дахин залгах"];
    call: ["통화", "Call", "通话", "通話", "Cuộc gọi", "Дуудлага"];
    connecting: [
        "연결하는 중입니다…",
        "Connecting…",
        "正在连接…",
        "接続しています…",
        "Đang kết nối…",
        "Холбож байна…"];
    in_menu: [
        "안내를 듣고 있습니다. 번호를 누르거나 기다리면 상담사에게 연결됩니다.",
        "You hear the menu. Press a key, or wait and you reach a counselor.",
        "正在播放语音菜单。请按键，或等待接通咨询员。",
        "案内が流れています。番号を押すか、そのまま待つと相談員につながります。",
        "Bạn đang nghe hướng dẫn. Bấm phím hoặc chờ để gặp tư vấn viên.",
        "Та цэсийг сонсож байна. Товч дарах эсвэл хүлээхэд зөвлөхтэй холбогдоно."];
    waiting: [
        "상담사를 기다리고 있습니다.",
        "You are waiting for a counselor.",
        "正在等待咨询员。",
        "相談員を待っています。",
        "Bạn đang chờ tư vấn viên.",
        "Та зөвлөхийг хүлээж байна."];
    place: [
        "앞에서 {position}번째, 예상 {from}~{to}분.",
        "Place {position} in the queue, about {from} to {to} minutes.",
        "排在第 {position} 位，约 {from}～{to} 分钟。",
        "{position} 番目、およそ {from}～{to} 分です。",
        "Vị trí thứ {position}, khoảng {from} đến {to} phút.",
        "Дараалалд {position}-р байр, ойролцоогоор {from}-{to} минут."];
    ringing: [
        "상담사를 부르고 있습니다.",
        "A counselor's desk is ringing.",
        "正在呼叫咨询员。",
        "相談員を呼び出しています。",
        "Đang gọi tư vấn viên.",
        "Зөвлөхийг дуудаж байна."];
    talking: [
        "상담사와 통화 중입니다.",
        "You are speaking with a counselor.",
        "正在与咨询员通话。",
        "相談員と通話中です。",
        "Bạn đang nói chuyện với tư vấn viên.",
        "Та зөвлөхтэй ярьж байна."];
    held: [
        "잠시 기다려 주세요. 상담사가 곧 돌아옵니다.",
        "Please hold. The counselor will be back.",
        "请稍候，咨询员马上回来。",
        "少々お待ちください。相談員が戻ります。",
        "Vui lòng chờ. Tư vấn viên sẽ quay lại.",
        "Түр хүлээнэ үү. Зөвлөх эргэж ирнэ."];
    over: [
        "통화가 끝났습니다. 고맙습니다.",
        "The call is over. Thank you.",
        "通话已结束。谢谢。",
        "通話が終わりました。ありがとうございました。",
        "Cuộc gọi đã kết thúc. Xin cảm ơn.",
        "Дуудлага дууслаа. Баярлалаа."];
    contact_number: [
        "상담 번호 {contact}",
        "Contact number {contact}",
        "咨询编号 {contact}",
        "相談番号 {contact}",
        "Mã cuộc gọi {contact}",
        "Дуудлагын дугаар {contact}"];
    press: [
        "{key}: {target}",
        "{key}: {target}",
        "{key}：{target}",
        "{key}：{target}",
        "{key}: {target}",
        "{key}: {target}"];
    other_languages: [
        "다른 언어",
        "other languages",
        "其他语言",
        "ほかの言語",
        "ngôn ngữ khác",
        "өөр хэл"];
    mic_refused: [
        "마이크 사용이 막혀 있습니다. 주소창의 자물쇠에서 마이크를 허용한 뒤 다시 누르세요.",
        "The microphone is blocked. Allow it at the lock beside the address and press again.",
        "麦克风被禁止。请在地址栏旁的锁形图标中允许麦克风后重试。",
        "マイクが使えません。アドレス欄の鍵から許可して、もう一度押してください。",
        "Micrô bị chặn. Hãy cho phép ở biểu tượng khóa cạnh địa chỉ rồi bấm lại.",
        "Микрофон хаалттай байна. Хаягийн хажуугийн цоожноос зөвшөөрөөд дахин дарна уу."];
    mic_missing: [
        "마이크를 찾을 수 없습니다.",
        "No microphone was found.",
        "未找到麦克风。",
        "マイクが見つかりません。",
        "Không tìm thấy micrô.",
        "Микрофон олдсонгүй."];
    mic_insecure: [
        "이 주소에서는 마이크를 쓸 수 없습니다. https 주소로 여세요.",
        "The microphone does not work on this address. Open the https address.",
        "此地址无法使用麦克风。请使用 https 地址。",
        "このアドレスではマイクを使えません。https で開いてください。",
        "Không dùng được micrô ở địa chỉ này. Hãy mở địa chỉ https.",
        "Энэ хаягаар микрофон ажиллахгүй. https хаягаар нээнэ үү."];
    failed: [
        "지금은 연결할 수 없습니다. 전화 {number}로 걸어 주세요.",
        "The call cannot be placed right now. Please dial {number}.",
        "现在无法接通。请拨打 {number}。",
        "いまはつながりません。{number} へお電話ください。",
        "Hiện không gọi được. Vui lòng gọi {number}.",
        "Одоогоор холбогдохгүй байна. {number} руу залгана уу."];
    need_script: [
        "이 화면에서 전화하려면 자바스크립트가 필요합니다. 전화로는 언제나 됩니다.",
        "Calling from this page needs JavaScript. The telephone always works.",
        "从本页拨打需要 JavaScript。电话随时可用。",
        "このページからの通話には JavaScript が必要です。電話はいつでも使えます。",
        "Gọi từ trang này cần JavaScript. Điện thoại luôn dùng được.",
        "Эндээс залгахад JavaScript хэрэгтэй. Утсаар хэзээд боломжтой."];
});
