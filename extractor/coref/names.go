package coref

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/datelinenews/dateline/extractor/ner"
)

// longestName bounds, in words, the names that are compared word by word.
const longestName = 24

// fold gives a word without accents and full stops, in lower case.
func fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if !ascii {
		s = norm.NFD.String(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '.' || unicode.Is(unicode.Mn, r) || r == '\u00ad':
		case r == '’' || r == '‘' || r == 'ʻ' || r == '`':
			b.WriteByte('\'')
		case r == 'ł' || r == 'Ł':
			b.WriteByte('l')
		case r == 'ø' || r == 'Ø':
			b.WriteByte('o')
		case r == 'đ' || r == 'Đ' || r == 'ð' || r == 'Ð':
			b.WriteByte('d')
		case r == 'ß':
			b.WriteString("ss")
		case r == 'þ' || r == 'Þ':
			b.WriteString("th")
		case r == 'œ' || r == 'Œ':
			b.WriteString("oe")
		case r == 'æ' || r == 'Æ':
			b.WriteString("ae")
		case r == 'ı':
			b.WriteByte('i')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// normalise gives a name's words for comparison: folded, "&" as "and", without articles, and the
// United States as one word, "us".
func normalise(name string, typ ner.Type) []string {
	fields := strings.FieldsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || r == ',' || r == ':' || r == '(' || r == ')' || r == '"'
	})
	words := make([]string, 0, len(fields))
	for _, f := range fields {
		w := fold(f)
		switch w {
		case "", "-", "–", "—":
			continue
		case "&":
			w = "and"
		case "the":
			if len(words) == 0 {
				continue
			}
		case "usa":
			w = "us"
		}
		if n := len(words); typ != ner.Person && n > 0 && w == "states" && words[n-1] == "united" {
			words[n-1] = "us"
			continue
		}
		words = append(words, w)
	}
	if len(words) == 0 {
		return []string{strings.ToLower(name)}
	}
	return words
}

func formKey(t ner.Type, words []string) string {
	return string(rune('0'+t)) + strings.Join(words, " ")
}

// Key is an entity's stable identifier across articles: its type, and the words of its name in
// lower-case ASCII where they have an ASCII form.
func Key(t ner.Type, name string) string {
	var b strings.Builder
	b.WriteString(t.String())
	b.WriteByte(':')
	start := b.Len()
	for _, r := range fold(name) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			b.WriteRune(r)
		case r == '\'':
		default:
			if b.Len() > start && b.String()[b.Len()-1] != '-' {
				b.WriteByte('-')
			}
		}
	}
	return strings.TrimRight(b.String(), "-")
}

// letters gives an initialism's letters in upper case ("NMSPAD" for "NMSP - AD", "US" for "U.S."),
// "" for a name that is none.
func letters(name string) string {
	if len(name) > 16 {
		return ""
	}
	var b strings.Builder
	upper, lower, run, digits := 0, 0, 0, 0
	for _, r := range name {
		switch {
		case unicode.IsUpper(r):
			upper++
			run = 0
			b.WriteRune(r)
		case unicode.IsLower(r):
			lower++
			if run++; run > 2 {
				return ""
			}
			b.WriteRune(unicode.ToUpper(r))
		case unicode.IsDigit(r):
			digits++
			b.WriteRune(r)
		case r == '.' || r == '-' || r == '&' || r == '–' || r == '/':
		case r == ' ' && strings.ContainsAny(name, "-–&"):
		default:
			return ""
		}
	}
	if upper+digits < 2 || upper == 0 || lower > upper {
		return ""
	}
	return b.String()
}

// longestInitials is the most letters that a person or a place is called by ("AMLO", "USSR").
const longestInitials = 4

// shouted reports whether a name is written in capitals, as in datelines and headlines, rather than an
// initialism.
func shouted(name string) bool {
	n := 0
	for _, r := range name {
		if unicode.IsLower(r) || unicode.IsDigit(r) {
			return false
		}
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n > longestInitials && !strings.Contains(name, ".")
}

// spoken is a name in capitals as it stands in a sentence: "COX'S BAZAR" is "Cox's Bazar".
func spoken(name string) string {
	var b strings.Builder
	letters := 0 // of the word so far
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r):
			if r != '\'' && r != '’' || letters == 1 { // "O'BRIEN", but "COX'S"
				letters = 0
			}
			b.WriteRune(r)
			continue
		case letters == 0:
			b.WriteRune(r)
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		letters++
	}
	words := strings.Split(b.String(), " ")
	for i := 1; i < len(words)-1; i++ { // "ISLE OF MAN"
		if low := strings.ToLower(words[i]); small(low) {
			words[i] = low
		}
	}
	return strings.Join(words, " ")
}

// small words count in an initialism or not, as its makers please.
func small(w string) bool {
	switch w {
	case "of", "the", "and", "for", "in", "on", "to", "at", "a", "an", "de", "du", "des", "la", "le", "et", "y", "del", "di", "da", "do", "e", "der", "die", "und", "von", "with", "by":
		return true
	}
	return false
}

// numeral gives the digits of a number word that names of groups of states have, "" for others.
func numeral(w string) string {
	switch w {
	case "three":
		return "3"
	case "four":
		return "4"
	case "five":
		return "5"
	case "six":
		return "6"
	case "seven":
		return "7"
	case "eight":
		return "8"
	case "ten":
		return "10"
	case "twenty":
		return "20"
	}
	return ""
}

// initialisms gives the letter strings that a name may be shortened to.
func initialisms(words []string) []string {
	if len(words) < 2 || len(words) > longestName {
		return nil
	}
	var all, content, parts strings.Builder
	for _, w := range words {
		if d := numeral(w); d != "" { // "Group of Seven" is the G7
			all.WriteString(d)
			content.WriteString(d)
			parts.WriteString(d)
			continue
		}
		first, _ := utf8.DecodeRuneInString(w)
		up := unicode.ToUpper(first)
		if w == "us" {
			all.WriteString("US")
			content.WriteString("US")
			parts.WriteString("US")
			continue
		}
		all.WriteRune(up)
		if small(w) {
			continue
		}
		content.WriteRune(up)
		for _, p := range strings.Split(w, "-") {
			if p != "" {
				f, _ := utf8.DecodeRuneInString(p)
				parts.WriteRune(unicode.ToUpper(f))
			}
		}
	}
	out := []string{content.String()}
	for _, s := range []string{all.String(), parts.String()} {
		dup := false
		for _, o := range out {
			dup = dup || o == s
		}
		if !dup {
			out = append(out, s)
		}
	}
	return out
}

// spells reports whether the letters can be read off the words in order, each word giving none or
// some of its first letters, the first letter coming from the first word ("AFCFTA", "PHIVOLCS").
func spells(letters string, words []string) bool {
	l := strings.ToLower(letters)
	if l == "" || len(words) == 0 || len(words) > longestName || l[0] != words[0][0] {
		return false
	}
	// reach[i]: the first i letters are read by the words so far.
	reach := make([]bool, len(l)+1)
	reach[0] = true
	skipped := 0
	for _, w := range words {
		next := make([]bool, len(l)+1)
		for i := range reach {
			if !reach[i] {
				continue
			}
			next[i] = true
			for k := 0; k < len(w) && k < 4 && i+k < len(l) && w[k] == l[i+k]; k++ {
				next[i+k+1] = true
			}
		}
		if !small(w) {
			skipped++
		}
		reach = next
	}
	return reach[len(l)] && len(l)*2 >= skipped
}

// subsequence reports whether short's words occur in long in order.
func subsequence(short, long []string) bool {
	i := 0
	for _, w := range long {
		if i < len(short) && short[i] == w {
			i++
		}
	}
	return i == len(short)
}

// fullness orders the surfaces of an entity: more words are fuller, then more letters.
func fullness(s string) int { return strings.Count(s, " ")*1000 + len(s) }
