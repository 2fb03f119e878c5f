//! Every word of the citizens' chat in the six languages. Never a word that staff see, nor what the
//! house writes by itself: that is the city's.

use crate::citizen_texts::LANGUAGES;
use crate::texts::words;

/// The texts in a language.
pub(crate) fn in_language(tag: &str) -> &'static Chat {
    static CHAT: [Chat; 6] = [
        Chat::of(0),
        Chat::of(1),
        Chat::of(2),
        Chat::of(3),
        Chat::of(4),
        Chat::of(5),
    ];
    let at = LANGUAGES.iter().position(|known| *known == tag);
    &CHAT[at.unwrap_or(1)]
}

words!(
    /// What a citizen reads while chatting.
    Chat, 6, {
    tag: ["ko", "en", "zh", "ja", "vi", "mn"];
    start: [
        "글로 상담하기", "Chat in writing", "文字咨询", "チャットで相談する", "Trò chuyện bằng chữ",
        "Бичгээр зөвлөгөө авах"];
    start_hint: [
        "가입 없이 바로 시작합니다. 대화는 상담 기록으로 남습니다.",
        "Starts at once, without an account. The conversation is kept in the counseling record.",
        "无需注册，立即开始。对话将保存为咨询记录。",
        "登録なしですぐに始まります。会話は相談記録として残ります。",
        "Bắt đầu ngay, không cần tài khoản. Cuộc trò chuyện được lưu vào hồ sơ tư vấn.",
        "Бүртгэлгүйгээр шууд эхэлнэ. Яриа зөвлөгөөний бүртгэлд үлдэнэ."];
    title: ["글 상담", "Chat", "文字咨询", "チャット相談", "Trò chuyện", "Бичгэн зөвлөгөө"];
    go_on: [
        "하던 대화 계속하기", "Go on with your chat", "继续刚才的对话", "会話を続ける",
        "Tiếp tục cuộc trò chuyện", "Яриагаа үргэлжлүүлэх"];
    you: ["나", "You", "我", "あなた", "Bạn", "Та"];
    counselor: ["상담사", "Counselor", "咨询员", "相談員", "Tư vấn viên", "Зөвлөх"];
    house: ["자동 안내", "Automatic", "自动消息", "自動案内", "Tự động", "Автомат"];
    log: ["대화", "Conversation", "对话", "会話", "Cuộc trò chuyện", "Яриа"];
    write: [
        "메시지", "Your message", "您的消息", "メッセージ", "Tin nhắn của bạn", "Таны мессеж"];
    write_hint: [
        "Enter로 보내고, Shift+Enter로 줄을 바꿉니다.",
        "Enter sends, Shift+Enter begins a new line.",
        "Enter 发送，Shift+Enter 换行。",
        "Enter で送信、Shift+Enter で改行します。",
        "Enter để gửi, Shift+Enter để xuống dòng.",
        "Enter илгээнэ, Shift+Enter шинэ мөр."];
    send: ["보내기", "Send", "发送", "送信", "Gửi", "Илгээх"];
    more: [
        "사진·파일, 실시간 글", "Picture, live typing", "图片、实时输入", "写真・リアルタイム入力",
        "Ảnh, gõ trực tiếp", "Зураг, шууд бичих"];
    file: [
        "사진 또는 PDF (10MB까지)", "Picture or PDF (up to 10 MB)", "图片或 PDF（最大 10 MB）",
        "写真または PDF（10 MB まで）", "Ảnh hoặc PDF (tối đa 10 MB)", "Зураг эсвэл PDF (10 МБ хүртэл)"];
    file_sent: [
        "파일: {name}", "File: {name}", "文件：{name}", "ファイル：{name}", "Tệp: {name}", "Файл: {name}"];
    live: [
        "글자를 쓰는 즉시 상담사에게 보이기",
        "Show every letter to the counselor as I type",
        "输入时即时显示给咨询员",
        "入力中の文字を相談員にすぐ見せる",
        "Cho tư vấn viên thấy từng chữ khi tôi gõ",
        "Бичих үед үсэг бүрийг зөвлөхөд харуулах"];
    live_hint: [
        "보내기 전 글은 저장되지 않습니다.",
        "What is not sent is not stored.",
        "未发送的内容不会保存。",
        "送信前の文字は保存されません。",
        "Nội dung chưa gửi sẽ không được lưu.",
        "Илгээгээгүй зүйл хадгалагдахгүй."];
    end: ["대화 끝내기", "End the chat", "结束对话", "会話を終える", "Kết thúc", "Яриаг дуусгах"];
    download: [
        "대화 내려받기", "Download the conversation", "下载对话", "会話をダウンロード",
        "Tải cuộc trò chuyện", "Яриаг татах"];
    asked: [
        "아직 계신가요? 글을 쓰거나 아래 단추를 누르지 않으면 대화가 끝납니다.",
        "Are you still there? This chat ends unless you write or press the button.",
        "您还在吗？如果不输入内容或不按下面的按钮，对话将结束。",
        "まだいらっしゃいますか。入力するかボタンを押さないと、会話は終わります。",
        "Bạn còn ở đó không? Cuộc trò chuyện sẽ kết thúc nếu bạn không viết hoặc bấm nút.",
        "Та байна уу? Бичихгүй, товч дарахгүй бол яриа дуусна."];
    left: [
        "남은 시간 {time}", "{time} left", "剩余 {time}", "残り {time}", "Còn {time}",
        "{time} үлдсэн"];
    here: [
        "계속 있습니다", "I am still here", "我还在", "まだいます", "Tôi vẫn ở đây",
        "Би байна"];
    mail: [
        "대화를 메일로 받기", "Get the conversation by mail", "通过邮件接收对话",
        "会話をメールで受け取る", "Nhận cuộc trò chuyện qua thư", "Яриаг имэйлээр авах"];
    mail_to: [
        "메일 주소", "Mail address", "邮箱地址", "メールアドレス", "Địa chỉ thư", "Имэйл хаяг"];
    mail_send: ["메일 보내기", "Send the mail", "发送邮件", "メールを送る", "Gửi thư", "Имэйл илгээх"];
    mail_address: [
        "메일 주소를 확인해 주세요. 예: name@example.kr",
        "Please check the mail address, for example name@example.kr.",
        "请检查邮箱地址，例如 name@example.kr。",
        "メールアドレスをご確認ください。例：name@example.kr",
        "Vui lòng kiểm tra địa chỉ thư, ví dụ name@example.kr.",
        "Имэйл хаягаа шалгана уу, жишээ нь name@example.kr."];
    mail_early: [
        "상담사가 답한 뒤에 메일로 받을 수 있습니다.",
        "The conversation can be mailed once a counselor has answered.",
        "咨询员回复之后才能通过邮件发送。",
        "相談員がお答えした後にメールで送れます。",
        "Có thể gửi thư sau khi tư vấn viên đã trả lời.",
        "Зөвлөх хариулсны дараа имэйлээр авах боломжтой."];
    mail_often: [
        "더 보낼 수 없습니다. 대화를 내려받아 주세요.",
        "No more mails can be sent. Please download the conversation.",
        "无法再发送邮件，请下载对话。",
        "これ以上メールを送れません。会話をダウンロードしてください。",
        "Không thể gửi thêm thư. Vui lòng tải cuộc trò chuyện về.",
        "Дахин имэйл илгээх боломжгүй. Яриаг татаж авна уу."];
    mail_done: [
        "메일을 보냅니다.", "The mail is on its way.", "邮件正在发送。", "メールをお送りします。",
        "Thư đang được gửi.", "Имэйл илгээгдэж байна."];
    mail_why: [
        "{number} 글 상담에서 이 주소로 대화를 보내 달라고 했습니다. 요청하지 않았다면 이 메일을 지우면 됩니다. 더 이상 오지 않습니다.",
        "Somebody who chatted with {number} asked to send the conversation to this address. If that was not you, delete this mail; nothing else will come.",
        "有人在 {number} 文字咨询中要求将对话发送到此地址。如果不是您本人，请删除此邮件，不会再有其他邮件。",
        "{number} のチャット相談で、この宛先に会話を送るよう依頼がありました。心当たりがなければ削除してください。これ以上は届きません。",
        "Có người trò chuyện với {number} yêu cầu gửi nội dung đến địa chỉ này. Nếu không phải bạn, hãy xóa thư này; sẽ không có thư nào khác.",
        "{number} дугаартай чатласан хүн яриаг энэ хаяг руу илгээхийг хүссэн. Хэрэв та биш бол устгана уу, өөр имэйл ирэхгүй."];
    letters: [
        "{n} / {max}자", "{n} of {max} letters", "{n} / {max} 字", "{n} / {max} 文字",
        "{n} / {max} chữ", "{n} / {max} үсэг"];
    ask: [
        "궁금한 것을 적어 보내세요. 가능한 상담사가 바로 답합니다.",
        "Write what you want to know. The next free counselor answers.",
        "请写下您的问题，空闲的咨询员会立即回复。",
        "聞きたいことを書いて送ってください。空いている相談員がお答えします。",
        "Hãy viết điều bạn muốn hỏi. Tư vấn viên rảnh sẽ trả lời.",
        "Асуух зүйлээ бичнэ үү. Чөлөөтэй зөвлөх хариулна."];
    with: [
        "{name}님이 답하고 있습니다.", "{name} is here for you.", "{name} 正在为您服务。",
        "{name} がお答えします。", "{name} đang hỗ trợ bạn.", "{name} танд хариулж байна."];
    later: [
        "상담사가 확인한 뒤 여기에 답합니다.",
        "The counselor looks into it and answers here.",
        "咨询员查询后会在此回复。",
        "相談員が確認してここでお答えします。",
        "Tư vấn viên sẽ kiểm tra và trả lời tại đây.",
        "Зөвлөх шалгаад энд хариулна."];
    ended: [
        "상담사가 대화를 마쳤습니다. 더 있으면 이어서 쓰세요.",
        "The chat was ended. If something is missing, write on.",
        "对话已结束。如有其他问题，请继续写。",
        "会話は終わりました。続きがあればそのまま書いてください。",
        "Cuộc trò chuyện đã kết thúc. Nếu còn gì, hãy viết tiếp.",
        "Яриа дууслаа. Нэмэх зүйл байвал цааш бичээрэй."];
    over: [
        "이 대화는 끝났습니다. 글을 보내면 새 상담이 시작됩니다.",
        "This chat is over. A new message begins a new one.",
        "此对话已结束。发送新消息将开始新的咨询。",
        "この会話は終わりました。新しいメッセージで新しい相談が始まります。",
        "Cuộc trò chuyện này đã kết thúc. Tin nhắn mới sẽ mở cuộc mới.",
        "Энэ яриа дууссан. Шинэ мессеж шинэ зөвлөгөө эхлүүлнэ."];
    writes: [
        "{name}님이 쓰고 있습니다…", "{name} is writing…", "{name} 正在输入…",
        "{name} が入力しています…", "{name} đang viết…", "{name} бичиж байна…"];
    sending: ["보내는 중…", "Sending…", "正在发送…", "送信中…", "Đang gửi…", "Илгээж байна…"];
    not_sent: [
        "아직 전송되지 않았습니다. 연결되면 저절로 보냅니다.",
        "Not sent yet. It leaves by itself when the connection is back.",
        "尚未发送。恢复连接后会自动发送。",
        "まだ送信されていません。つながり次第、自動で送信します。",
        "Chưa gửi được. Sẽ tự gửi khi có kết nối.",
        "Хараахан илгээгдээгүй. Холболт сэргэхэд өөрөө явна."];
    offline: [
        "연결이 끊겼습니다. 다시 연결하는 중입니다. 쓴 글은 사라지지 않습니다.",
        "No connection; trying again. Nothing you wrote is lost.",
        "连接中断，正在重连。您写的内容不会丢失。",
        "接続が切れました。再接続しています。書いた内容は失われません。",
        "Mất kết nối, đang thử lại. Nội dung bạn viết không bị mất.",
        "Холболт тасарлаа, дахин холбогдож байна. Бичсэн зүйл тань алдагдахгүй."];
    online: [
        "다시 연결되었습니다.", "Connected again.", "已重新连接。", "再接続しました。",
        "Đã kết nối lại.", "Дахин холбогдлоо."];
    empty: [
        "보낼 글을 적으세요.", "Write something first.", "请先输入内容。", "先に文字を入力してください。",
        "Hãy viết gì đó trước.", "Эхлээд юм бичнэ үү."];
    too_long: [
        "글이 {n}자입니다. {max}자까지 나누어 보내 주세요. 아무것도 지워지지 않았습니다.",
        "This is {n} letters long; please send it in pieces of up to {max}. Nothing was cut off.",
        "内容有 {n} 字，请分段发送，每段不超过 {max} 字。没有任何内容被删除。",
        "{n} 文字あります。{max} 文字までに分けて送ってください。何も削除されていません。",
        "Nội dung dài {n} chữ; hãy chia thành các phần tối đa {max} chữ. Không có gì bị cắt.",
        "Энэ {n} үсэг байна; {max} хүртэлх хэсгүүдээр илгээнэ үү. Юу ч таслагдаагүй."];
    too_many: [
        "이 연결에서 시작한 대화가 너무 많습니다. 몇 분 뒤 다시 하거나 전화해 주세요.",
        "Too many chats were begun from your connection. Try again in a few minutes, or call.",
        "您的网络开始的对话过多。请几分钟后再试或拨打电话。",
        "この回線からの会話が多すぎます。数分後にもう一度、またはお電話ください。",
        "Có quá nhiều cuộc trò chuyện từ kết nối này. Thử lại sau vài phút hoặc gọi điện.",
        "Таны холболтоос хэт олон яриа эхэлсэн. Хэдэн минутын дараа дахин оролдох эсвэл залгаарай."];
    too_fast: [
        "너무 빠르게 보내고 있습니다. 글은 그대로 있으니 잠시 뒤 다시 보내세요.",
        "You send very fast. Your text is still here; send it again in a moment.",
        "发送过快。内容仍在，请稍后再发。",
        "送信が速すぎます。文字はそのまま残っています。少し待って送ってください。",
        "Bạn gửi quá nhanh. Nội dung vẫn còn; hãy gửi lại sau giây lát.",
        "Хэт хурдан илгээж байна. Бичвэр хэвээрээ; түр хүлээгээд дахин илгээнэ үү."];
    too_big: [
        "파일이 10MB보다 큽니다. 보내지 않았습니다.",
        "The file is larger than 10 MB and was not sent.",
        "文件超过 10 MB，未发送。",
        "ファイルが 10 MB を超えています。送信していません。",
        "Tệp lớn hơn 10 MB và chưa được gửi.",
        "Файл 10 МБ-аас том тул илгээгээгүй."];
    wrong_kind: [
        "JPEG, PNG, WebP 사진과 PDF만 받을 수 있습니다.",
        "Only JPEG, PNG and WebP pictures and PDF can be taken.",
        "只接受 JPEG、PNG、WebP 图片和 PDF。",
        "JPEG・PNG・WebP の画像と PDF だけ受け取れます。",
        "Chỉ nhận ảnh JPEG, PNG, WebP và PDF.",
        "Зөвхөн JPEG, PNG, WebP зураг ба PDF хүлээн авна."];
    trouble: [
        "지금은 저장할 수 없습니다. 글은 그대로 있으니 다시 보내세요.",
        "This cannot be stored right now. Your text is still here; please send it again.",
        "现在无法保存。内容仍在，请重新发送。",
        "いまは保存できません。文字は残っています。もう一度送ってください。",
        "Hiện không lưu được. Nội dung vẫn còn; hãy gửi lại.",
        "Одоогоор хадгалах боломжгүй. Бичвэр хэвээрээ; дахин илгээнэ үү."];
    plain_hint: [
        "이 목록은 저절로 새로워집니다.",
        "This list renews itself.",
        "此列表会自动更新。",
        "この一覧は自動で更新されます。",
        "Danh sách này tự cập nhật.",
        "Энэ жагсаалт өөрөө шинэчлэгдэнэ."];
    renew: ["새로 고침", "Renew", "刷新", "更新する", "Làm mới", "Шинэчлэх"];
    renew_self: [
        "저절로 새로 고치기", "Renew by itself", "自动刷新", "自動で更新", "Tự động làm mới",
        "Өөрөө шинэчлэх"];
    renew_stop: [
        "그만 새로 고치기", "Stop renewing", "停止自动刷新", "自動更新を止める", "Dừng tự động làm mới",
        "Шинэчлэхийг зогсоох"];
    new_words: [
        "새 메시지", "New message", "新消息", "新着メッセージ", "Tin nhắn mới", "Шинэ мессеж"];
});
