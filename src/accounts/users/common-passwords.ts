// Tells passwords that are guessed first: words that people choose, sequences, rows of the keyboard, repetitions, each
// also with digits before or after, signs, capitals and digits for letters. A list of words and the ways they are bent
// says more in a few lines than a long list of passwords would.

const words = new Set(
  `
password passwort passwd pass passw0rd motdepasse contrasena parola senha wachtwoord haslo heslo salasana losenord
parool geheim secret secreto topsecret login logon signin welcome willkommen bienvenue bienvenido benvenuto hello hallo
hola bonjour salut ciao hey admin administrator administrador root toor sysadmin superuser superadmin master webmaster
user username guest gast invite visitor test testing tester testtest testuser demo default changeme change letmein
letmeinnow openup opensesame access computer server internet website network system windows linux ubuntu debian apple
google facebook twitter instagram youtube amazon microsoft yahoo hotmail gmail oracle cisco mysql postgres mongodb redis
docker kubernetes jenkins gitlab github company office manager support service security secure temp temporary initial
nopass nopassword mypass mypassword mysecret thepassword newpass newpassword userpass adminpass rootpass pass1word
qwerty qwertz azerty qwertyuiop asdf asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc wasd dvorak iloveyou ilove
iloveu iloveme loveyou loveme love lover lovely mylove truelove babygirl babyboy baby sweetheart sweety sweet honey
darling princess prince queen king angel angels beautiful gorgeous sunshine sunflower flower flowers butterfly rainbow
chocolate cookie cookies cheese banana orange strawberry peanut pepper ginger cupcake candy sugar coffee pizza monkey
dragon tiger lion eagle falcon wolf bear panda rabbit turtle dolphin shark snake spider horse pony kitty kitten cat cats
dog doggy puppy mouse fish bird birdie chicken lucky buddy shadow smokey snoopy scooter rocky maggie bailey charlie
bandit buster football soccer futbol fussball baseball basketball hockey tennis golf golfer rugby cricket running runner
swimming chelsea arsenal liverpool manchester barcelona realmadrid juventus bayern dortmund lakers yankees cowboys
steelers eagles packers raiders redsox chicago boston dallas london paris berlin madrid moscow tokyo newyork california
texas florida canada australia germany deutschland france italia espana russia india brasil mexico polska america
superman batman spiderman ironman wolverine starwars skywalker startrek pokemon pikachu naruto minecraft fortnite zelda
mario matrix hacker gamer gaming player player1 playboy killer ninja samurai warrior knight wizard merlin gandalf hunter
ranger soldier marine army navy police fireman doctor nurse teacher student school college university freedom liberty
justice peace trustno1 trustme whatever nothing something anything nobody noname unknown private forever always never
remember metallica slipknot nirvana beatles eminem blink182 jordan jordan23 michael michelle jennifer jessica ashley
amanda nicole daniel daniela matthew andrew joshua robert william thomas george john johnny james david richard joseph
charles anthony christopher christian alexander alexandra alex sam samantha sarah sandra laura anna maria marina martin
peter paul patrick oliver oscar max maxwell felix lukas jonas julia sophie emma mia hannah lena andrea angela barbara
jasmine taylor tyler austin brandon justin kevin brian steven edward harley mustang ferrari porsche mercedes corvette
yamaha suzuki honda toyota ducati bmw audi camaro jaguar thunder lightning storm summer winter spring autumn fall sommer
january february march april may june july august september october november december monday tuesday wednesday thursday
friday saturday sunday christmas easter halloween birthday jesus jesuschrist christ god godisgood heaven blessed faith
bible church allah bismillah money dollar euro bitcoin crypto million rich success winner champion number one first
black white red green blue yellow purple pink silver golden gold diamond crystal pearl star stars moon sun earth world
ocean river mountain forest nature fire ice water metal steel stone music guitar piano dance dancer dancing singer movie
cinema book books picture photo camera phone iphone samsung nokia android mobile tablet laptop desktop keyboard monitor
abc abcd abcde abcdef abcdefg abcdefgh xyz aaa zzz foo bar foobar lorem ipsum lol omg wtf fuckyou fuck fuckoff fuckme
asshole bitch shit sexy sexygirl hotgirl hottie pussy xxx porn naked bigdick
`
    .trim()
    .split(/\s+/),
)

const rows = [
  '01234567890',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik',
  'qazwsxedcrfvtgbyhnujmik',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  'a1b2c3d4e5f6g7h8',
  '147258369',
  '159753',
]
const runs = rows.flatMap(row => [row, [...row].reverse().join('')])

const letters: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
}

/** Whether it stands near the top of every list that guessers use. Linear in its length, which is bounded. */
export function isCommonPassword(password: string): boolean {
  const plain = password.toLowerCase()
  const bare = plain.replace(/[^\p{L}\p{N}@$!|]/gu, '')
  if (isMonotonous(bare)) return true
  const cores = [bare, trimmed(plain, /[^\p{L}]/u), trimmed(plain, /[^\p{L}\p{N}]/u)]
  return cores.some(core => isWord(core) || isWord([...core].map(it => letters[it] ?? it).join('')))
}

function isWord(text: string): boolean {
  if (words.has(text)) return true
  // The same word twice, or two of them in a row.
  for (let at = 2; at <= text.length - 2; at++) {
    if (words.has(text.slice(0, at)) && words.has(text.slice(at))) return true
  }
  return false
}

/** Made of few characters, of one piece again and again, or of pieces of rows. */
function isMonotonous(text: string): boolean {
  if (new Set(text).size <= 2) return true
  for (let size = 1; size <= 4; size++) {
    if (
      text.length >= 2 * size &&
      text ===
        text
          .slice(0, size)
          .repeat(Math.ceil(text.length / size))
          .slice(0, text.length)
    )
      return true
  }
  return isOfRuns(text)
}

const runLengthMin = 3

function isOfRuns(text: string): boolean {
  let at = 0
  while (at < text.length) {
    let length = 0
    for (const row of runs) {
      let size = length + 1
      while (at + size <= text.length && row.includes(text.slice(at, at + size))) size++
      length = Math.max(length, size - 1)
    }
    if (length < runLengthMin) return false
    at += length
  }
  return true
}

function trimmed(text: string, what: RegExp): string {
  const all = [...text]
  const start = all.findIndex(it => !what.test(it))
  const end = all.findLastIndex(it => !what.test(it))
  return start < 0 ? '' : all.slice(start, end + 1).join('')
}
