//! Every word of the page on which citizens write to the city, in the six languages. Never a word
//! that staff see.

use crate::citizen_texts::LANGUAGES;
use crate::texts::words;

/// The texts in a language.
pub(crate) fn in_language(tag: &str) -> &'static Words {
    static WORDS: [Words; 6] = [
        Words::of(0),
        Words::of(1),
        Words::of(2),
        Words::of(3),
        Words::of(4),
        Words::of(5),
    ];
    let at = LANGUAGES.iter().position(|known| *known == tag);
    &WORDS[at.unwrap_or(1)]
}

words!(
    /// What a citizen reads who writes to the city.
    Words, 6, {
    tag: ["ko", "en", "zh", "ja", "vi", "mn"];
    title: [
        "글 남기기", "Write to us", "给我们留言", "メッセージを送る", "Viết cho chúng tôi",
        "Бидэнд бичих"];
    start_hint: [
        "기다리지 않고 글과 사진을 남기면 답을 보내 드립니다.",
        "Leave a message and pictures without waiting; we send you an answer.",
        "无需等待，留下文字和图片，我们会回复您。",
        "待たずに文章と写真を残せます。あとでお返事します。",
        "Để lại lời nhắn và ảnh mà không phải chờ; chúng tôi sẽ trả lời.",
        "Хүлээлгүй бичиг, зургаа үлдээгээрэй, бид хариу илгээнэ."];
    lead: [
        "가입 없이 쓸 수 있습니다. {hours}시간 안에 답합니다. 글은 상담 기록으로 남습니다.",
        "No account needed. We answer within {hours} hours. Your message is kept in the counseling record.",
        "无需注册。我们将在 {hours} 小时内回复。您的留言将保存为咨询记录。",
        "登録は不要です。{hours} 時間以内にお答えします。内容は相談記録として残ります。",
        "Không cần tài khoản. Chúng tôi trả lời trong {hours} giờ. Lời nhắn được lưu vào hồ sơ tư vấn.",
        "Бүртгэл шаардлагагүй. {hours} цагийн дотор хариулна. Бичсэн зүйл зөвлөгөөний бүртгэлд үлдэнэ."];
    optional: [
        "(선택)", "(optional)", "（可选）", "（任意）", "(không bắt buộc)", "(заавал биш)"];
    text: [
        "내용", "Your message", "内容", "内容", "Nội dung", "Агуулга"];
    text_hint: [
        "어디에서 무엇이 필요한지 적어 주세요.",
        "Say where it is and what is needed.",
        "请写明地点和需要。",
        "場所とご用件をお書きください。",
        "Cho biết địa điểm và việc cần giúp.",
        "Хаана, юу хэрэгтэйг бичнэ үү."];
    subject: ["제목", "Subject", "标题", "件名", "Tiêu đề", "Гарчиг"];
    name: ["이름", "Name", "姓名", "お名前", "Tên", "Нэр"];
    address: [
        "답을 받을 메일 주소 또는 전화번호",
        "Mail address or telephone number for the answer",
        "接收回复的邮箱或电话号码",
        "お返事先のメールアドレスまたは電話番号",
        "Địa chỉ thư hoặc số điện thoại để nhận trả lời",
        "Хариу авах имэйл эсвэл утасны дугаар"];
    address_phone: [
        "답을 받을 전화번호",
        "Telephone number for the answer",
        "接收回复的电话号码",
        "お返事先の電話番号",
        "Số điện thoại để nhận trả lời",
        "Хариу авах утасны дугаар"];
    pictures: [
        "사진 3장까지, 한 장에 10MB",
        "Up to 3 pictures of 10 MB each",
        "最多 3 张图片，每张 10 MB",
        "写真 3 枚まで、1 枚 10 MB",
        "Tối đa 3 ảnh, mỗi ảnh 10 MB",
        "3 хүртэл зураг, тус бүр 10 МБ"];
    pictures_again: [
        "사진은 다시 골라 주세요.",
        "Please choose the pictures again.",
        "请重新选择图片。",
        "写真をもう一度選んでください。",
        "Vui lòng chọn lại ảnh.",
        "Зургаа дахин сонгоно уу."];
    trap: [
        "비워 두세요", "Leave this empty", "请留空", "空のままにしてください", "Để trống ô này",
        "Хоосон үлдээнэ үү"];
    send: ["보내기", "Send", "发送", "送信", "Gửi", "Илгээх"];
    sending: ["보내는 중…", "Sending…", "正在发送…", "送信中…", "Đang gửi…", "Илгээж байна…"];
    letters: [
        "{n} / {max}자", "{n} of {max} letters", "{n} / {max} 字", "{n} / {max} 文字",
        "{n} / {max} chữ", "{n} / {max} үсэг"];
    wrong: [
        "아직 보내지 않았습니다. 쓴 글은 그대로 있습니다.",
        "Not sent yet. What you wrote is still here.",
        "尚未发送。您写的内容仍在。",
        "まだ送信していません。書いた内容は残っています。",
        "Chưa gửi. Những gì bạn viết vẫn còn.",
        "Хараахан илгээгээгүй. Бичсэн зүйл тань хэвээрээ."];
    name_long: [
        "이름은 60자까지 쓸 수 있습니다.",
        "The name can have up to 60 letters.",
        "姓名最多 60 字。",
        "お名前は 60 文字までです。",
        "Tên tối đa 60 chữ.",
        "Нэр 60 хүртэл үсэгтэй байна."];
    address_wrong: [
        "메일 주소나 전화번호를 확인해 주세요. 예: name@example.kr 또는 010-1234-5678",
        "Please check the mail address or number, for example name@example.kr or 010-1234-5678.",
        "请检查邮箱或电话号码，例如 name@example.kr 或 010-1234-5678。",
        "メールアドレスか電話番号をご確認ください。例：name@example.kr、010-1234-5678",
        "Vui lòng kiểm tra địa chỉ thư hoặc số điện thoại, ví dụ name@example.kr hoặc 010-1234-5678.",
        "Имэйл эсвэл дугаараа шалгана уу, жишээ нь name@example.kr эсвэл 010-1234-5678."];
    subject_long: [
        "제목은 120자까지 쓸 수 있습니다.",
        "The subject can have up to 120 letters.",
        "标题最多 120 字。",
        "件名は 120 文字までです。",
        "Tiêu đề tối đa 120 chữ.",
        "Гарчиг 120 хүртэл үсэгтэй байна."];
    text_missing: [
        "내용을 적어 주세요.", "Please write your message.", "请填写内容。", "内容をお書きください。",
        "Vui lòng viết nội dung.", "Агуулгаа бичнэ үү."];
    text_long: [
        "글이 {over}자 넘칩니다. 줄이거나 나누어 보내 주세요. 아무것도 지워지지 않았습니다.",
        "The message is {over} letters too long. Shorten it or send it in pieces; nothing was cut off.",
        "内容超出 {over} 字。请缩短或分段发送。没有任何内容被删除。",
        "{over} 文字多すぎます。短くするか分けて送ってください。何も削除されていません。",
        "Nội dung dài quá {over} chữ. Hãy rút ngắn hoặc chia nhỏ; không có gì bị cắt.",
        "{over} үсгээр илүү байна. Богиносгох эсвэл хувааж илгээнэ үү. Юу ч таслагдаагүй."];
    robot: [
        "비워 두어야 하는 칸이 채워져 있습니다. 지우고 다시 보내 주세요.",
        "A field that must stay empty was filled. Empty it and send again.",
        "应留空的栏目已被填写。请清空后重新发送。",
        "空欄にすべき欄が入力されています。消してもう一度送ってください。",
        "Ô phải để trống đã được điền. Hãy xóa và gửi lại.",
        "Хоосон байх ёстой талбар бөглөгдсөн байна. Арилгаад дахин илгээнэ үү."];
    again: [
        "너무 빨리 보냈거나 화면을 연 지 하루가 지났습니다. 한 번 더 보내 주세요.",
        "That was very quick, or the page is more than a day old. Please send it once more.",
        "发送过快，或页面已打开超过一天。请再发送一次。",
        "送信が早すぎるか、ページを開いてから一日以上たっています。もう一度送ってください。",
        "Gửi quá nhanh, hoặc trang đã mở hơn một ngày. Vui lòng gửi lại một lần nữa.",
        "Хэт хурдан илгээсэн эсвэл хуудас нээснээс хойш нэг хоног өнгөрсөн. Дахин илгээнэ үү."];
    files_many: [
        "사진은 3장까지 보낼 수 있습니다.",
        "Up to 3 pictures can be sent.",
        "最多可发送 3 张图片。",
        "写真は 3 枚まで送れます。",
        "Có thể gửi tối đa 3 ảnh.",
        "3 хүртэл зураг илгээх боломжтой."];
    files_big: [
        "사진이 너무 큽니다. 한 장에 10MB, 모두 20MB까지 보낼 수 있습니다.",
        "The pictures are too large: up to 10 MB each and 20 MB together.",
        "图片过大：每张不超过 10 MB，总计不超过 20 MB。",
        "写真が大きすぎます。1 枚 10 MB、合計 20 MB までです。",
        "Ảnh quá lớn: tối đa 10 MB mỗi ảnh và 20 MB tổng cộng.",
        "Зураг хэт том байна: тус бүр 10 МБ, нийт 20 МБ хүртэл."];
    files_kind: [
        "JPEG, PNG, WebP 사진만 받을 수 있습니다.",
        "Only JPEG, PNG and WebP pictures can be taken.",
        "只接受 JPEG、PNG、WebP 图片。",
        "JPEG・PNG・WebP の写真だけ受け取れます。",
        "Chỉ nhận ảnh JPEG, PNG và WebP.",
        "Зөвхөн JPEG, PNG, WebP зураг хүлээн авна."];
    too_many: [
        "이 연결에서 보낸 글이 너무 많습니다. 몇 분 뒤 다시 보내거나 전화해 주세요.",
        "Too many messages came from your connection. Try again in a few minutes, or call.",
        "您的网络发送的留言过多。请几分钟后再试或拨打电话。",
        "この回線からの送信が多すぎます。数分後にもう一度、またはお電話ください。",
        "Có quá nhiều lời nhắn từ kết nối này. Thử lại sau vài phút hoặc gọi điện.",
        "Таны холболтоос хэт олон бичиг ирлээ. Хэдэн минутын дараа дахин оролдох эсвэл залгаарай."];
    trouble: [
        "지금은 저장할 수 없습니다. 잠시 뒤 다시 보내 주세요.",
        "This cannot be stored right now. Please send it again in a moment.",
        "现在无法保存。请稍后重新发送。",
        "いまは保存できません。少し待ってもう一度送ってください。",
        "Hiện không lưu được. Vui lòng gửi lại sau giây lát.",
        "Одоогоор хадгалах боломжгүй. Түр хүлээгээд дахин илгээнэ үү."];
    done: [
        "글을 받았습니다", "We have your message", "已收到您的留言", "受け取りました",
        "Chúng tôi đã nhận được", "Таны бичгийг хүлээн авлаа"];
    contact: [
        "상담 번호 {contact}",
        "Contact number {contact}",
        "咨询编号 {contact}",
        "相談番号 {contact}",
        "Mã tư vấn {contact}",
        "Зөвлөгөөний дугаар {contact}"];
    next_mail: [
        "{hours}시간 안에 적어 주신 메일 주소로 답합니다. 급하면 {number}로 전화해 상담 번호를 말씀해 주세요.",
        "We answer to your mail address within {hours} hours. If it is urgent, call {number} and say the contact number.",
        "我们将在 {hours} 小时内回复到您的邮箱。如紧急，请拨打 {number} 并告知咨询编号。",
        "{hours} 時間以内にメールでお答えします。お急ぎのときは {number} へ電話し、相談番号をお伝えください。",
        "Chúng tôi trả lời qua thư trong {hours} giờ. Nếu gấp, hãy gọi {number} và nói mã tư vấn.",
        "{hours} цагийн дотор имэйлээр хариулна. Яаралтай бол {number} руу залгаж дугаараа хэлээрэй."];
    next_phone: [
        "{hours}시간 안에 적어 주신 번호로 연락합니다. 급하면 {number}로 전화해 상담 번호를 말씀해 주세요.",
        "We reach you at your number within {hours} hours. If it is urgent, call {number} and say the contact number.",
        "我们将在 {hours} 小时内通过您的号码联系您。如紧急，请拨打 {number} 并告知咨询编号。",
        "{hours} 時間以内にお電話番号へご連絡します。お急ぎのときは {number} へ電話し、相談番号をお伝えください。",
        "Chúng tôi liên lạc qua số của bạn trong {hours} giờ. Nếu gấp, hãy gọi {number} và nói mã tư vấn.",
        "{hours} цагийн дотор таны дугаараар холбогдоно. Яаралтай бол {number} руу залгаж дугаараа хэлээрэй."];
    next_none: [
        "답을 받을 주소를 적지 않으셨습니다. 답을 들으려면 {hours}시간 뒤 {number}로 전화해 상담 번호를 말씀해 주세요.",
        "You left no address. To hear the answer, call {number} after {hours} hours and say the contact number.",
        "您没有留下联系方式。如需了解回复，请在 {hours} 小时后拨打 {number} 并告知咨询编号。",
        "お返事先がありません。回答は {hours} 時間後に {number} へ電話し、相談番号をお伝えください。",
        "Bạn không để lại địa chỉ. Để nghe trả lời, hãy gọi {number} sau {hours} giờ và nói mã tư vấn.",
        "Та хаяг үлдээгээгүй. Хариуг {hours} цагийн дараа {number} руу залгаж дугаараа хэлээд сонсоорой."];
    back: [
        "처음 화면으로", "Back to the start page", "返回首页", "最初のページへ", "Về trang đầu",
        "Эхний хуудас руу"];
    another: [
        "다른 글 남기기", "Write another message", "再写一条留言", "別のメッセージを送る",
        "Viết lời nhắn khác", "Өөр бичиг үлдээх"];
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_own_words() {
        let titles: std::collections::BTreeSet<&str> =
            LANGUAGES.iter().map(|tag| in_language(tag).title).collect();
        assert_eq!(titles.len(), LANGUAGES.len());
        assert_eq!(in_language("xx").tag, "en");
    }
}
