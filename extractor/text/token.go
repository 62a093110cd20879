package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jdkato/prose/v3/tokenize"
)

// newTokenizer is prose's tokenizer, which peels punctuation off the ends of a word, told of the
// marks that news uses and of what must stay whole. Its contraction rule is off: it would cut
// O'Sullivan before the S. What stands inside a word is cut by cutInside.
func newTokenizer() *tokenize.Tokenizer {
	return tokenize.New(
		tokenize.UsingPrefixes([]string{"(", "[", "{", "<", `"`, "“", "”", "„", "‟", "«", "‹", "»", "›", "``", "''", "‘", "‚", "$", "£", "€", "¥", "₹", "—", "–", "…", "*", "•", "¿", "¡"}),
		tokenize.UsingSuffixes([]string{",", ")", "]", "}", ">", `"`, "!", ";", "?", ":", "''", "'", "”", "“", "’", "‘", "»", "›", "«", "‹", "—", "–", "…", "*", "."}),
		tokenize.UsingSplitCases(nil),
		tokenize.UsingSpecialTest(func(s string) bool { return address(s) || abbreviation(s) }),
	)
}

// eachPiece calls yield with each stretch of src between blanks. Handing prose one stretch at a
// time keeps blanks that it does not know out of tokens, and its work linear.
func eachPiece(src string, yield func(start, end int)) {
	const longest = 128 // bytes; no word is longer, and prose's peeling is quadratic in it
	start := -1
	for i, r := range src {
		switch {
		case blank(r):
			if start >= 0 {
				yield(start, i)
			}
			start = -1
		case start < 0:
			start = i
		case i-start >= longest:
			yield(start, i)
			start = i
		}
	}
	if start >= 0 {
		yield(start, len(src))
	}
}

// letters reports whether s is ASCII letters only: the common case, which no rule cuts.
func letters(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// wordy reports whether s has a letter or a digit.
func wordy(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

// cutInside cuts one of prose's tokens where a name may end inside it, and calls yield for each
// part: at hyphens, slashes, dashes, marks and symbols, before clitics, and where the space after
// a full stop is missing. Addresses of the web and of mail stay whole.
func cutInside(t string, yield func(start, end int)) {
	if letters(t) || address(t) {
		yield(0, len(t))
		return
	}
	if strings.HasSuffix(t, ".") && len(t) > 1 && !abbreviation(t) && strings.Count(t, ".") == 1 {
		// prose keeps any capital with one or two letters and a full stop for an abbreviation;
		// it is as often a short name that ends its sentence ("met Kim.").
		cutInside(t[:len(t)-1], yield)
		yield(len(t)-1, len(t))
		return
	}
	start := 0
	for i := 0; i < len(t); {
		r, w := utf8.DecodeRuneInString(t[i:])
		switch {
		case alone(t, i, r, w):
			if start < i {
				yield(start, i)
			}
			end := i + w
			for end < len(t) { // "--" and "***" are one mark
				n, nw := utf8.DecodeRuneInString(t[end:])
				if n != r || unicode.Is(unicode.Ps, r) || unicode.Is(unicode.Pe, r) {
					break
				}
				end += nw
			}
			yield(i, end)
			i, start = end, end
		case i > start && (clitic(t[i:]) || negation(t, i)), fusedStop(t, i):
			yield(start, i)
			start = i
			if r == '.' {
				yield(i, i+w)
				start = i + w
			}
			i += w
		default:
			i += w
		}
	}
	if start < len(t) {
		yield(start, len(t))
	}
}

// alone reports whether the rune at t[i:] is a token by itself.
func alone(t string, i int, r rune, w int) bool {
	switch r {
	case '.', '&', '%', '@', '#', '_':
		return false
	case '\'', '’':
		// Inside a word it is part of it; a clitic or a year ('90s) starts with it.
		first, last := i == 0, i+w == len(t)
		if len(t) == w {
			return true
		}
		return last || first && !clitic(t) && !isDigit(t, w)
	case ',', ':':
		return !(i > 0 && isDigit(t, i-1) && isDigit(t, i+w))
	case '-', '/', '+':
		return true
	}
	if r < utf8.RuneSelf {
		return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9')
	}
	return !(unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || unicode.IsNumber(r) || r == '·' || r == '°' || r == 'ʻ' || r == '\u00ad')
}

func isDigit(t string, i int) bool { return 0 <= i && i < len(t) && '0' <= t[i] && t[i] <= '9' }

// clitic reports whether s, whole, is a clitic: 's, 'll, 're, 've, 'd, 'm with either apostrophe.
func clitic(s string) bool {
	for _, a := range [...]string{"'", "’"} {
		if rest, ok := strings.CutPrefix(s, a); ok {
			switch rest {
			case "s", "S", "ll", "LL", "re", "RE", "ve", "VE", "d", "D", "m", "M":
				return true
			}
		}
	}
	return false
}

// negation reports whether n't ends t at i, as prose's tagger expects it to be cut.
func negation(t string, i int) bool {
	switch t[i:] {
	case "n't", "n’t", "N'T", "N’T":
		return i > 0
	}
	return false
}

// fusedStop reports whether t[i] is a full stop with a new sentence stuck to it ("ended.The").
func fusedStop(t string, i int) bool {
	if t[i] != '.' || i < 2 || i+2 >= len(t) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(t[:i])
	before2 := t[i-2]
	after, w := utf8.DecodeRuneInString(t[i+1:])
	next, _ := utf8.DecodeRuneInString(t[i+1+w:])
	return unicode.IsLower(before) && before2 != '.' && unicode.IsUpper(after) && unicode.IsLower(next)
}

// address reports whether s is an address of the web or of mail, or a handle.
func address(s string) bool {
	if at := strings.IndexByte(s, '@'); at > 0 {
		return strings.IndexByte(s[at:], '.') > 0
	}
	return strings.Contains(s, "://") || strings.HasPrefix(s, "www.")
}

// abbreviation reports whether s, with its full stop, is an abbreviation or initials: the stop
// belongs to it.
func abbreviation(s string) bool {
	body, ok := strings.CutSuffix(s, ".")
	if !ok || body == "" {
		return false
	}
	if abbreviations[body] {
		return true
	}
	// U.S., a.m., J.K., and one initial.
	want := true // a letter is due
	for i, r := range body {
		if want != unicode.IsLetter(r) || !want && r != '.' {
			return false
		}
		if i == 0 && len(body) == utf8.RuneLen(r) {
			return unicode.IsUpper(r)
		}
		want = !want
	}
	return !want
}

// abbreviations keep their full stop wherever they stand.
var abbreviations = set(`Mr Mrs Ms Mx Dr Prof Rev Fr Hon St Ste Mt Ft Gen Lt Col Maj Capt Cpl Sgt Pvt Cmdr Adm Brig
Gov Sen Rep Pres Supt Insp Det Jr Sr Esq Messrs Mme Mlle Inc Ltd Co Corp Bros Cos Plc Pty Pte Bhd Intl Assn Dept Univ
Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thur Thurs Fri Sat
Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Mass Md Mich Minn Miss Mo Mont Neb Nev Okla Ore Pa Tenn Tex Va Vt Wash Wis Wyo
vs etc cf al approx est no nos No Nos vol Vol pp Ave Blvd Rd Hwy`)

// titles are the abbreviations that a name follows: no sentence ends there.
var titles = set(`Mr. Mrs. Ms. Mx. Dr. Prof. Rev. Fr. Hon. St. Ste. Mt. Ft. Gen. Lt. Col. Maj. Capt. Cpl. Sgt. Pvt. Cmdr. Adm. Brig.
Gov. Sen. Rep. Pres. Supt. Insp. Det. Messrs. Mme. Mlle. vs. cf. No. Nos. Vol.`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}
