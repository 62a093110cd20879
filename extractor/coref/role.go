package coref

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/text"
)

// longestRole bounds a role, in tokens.
const longestRole = 16

// triedForRole bounds the mentions of a person that are searched for a role.
const triedForRole = 12

// role gives the words that introduce a person, "" where none do, and the common nouns of all
// such words in lower case ("spokesperson", "president").
func (r *resolver) role(members []int) (role string, titles []string) {
	tried := 0
	address := false // the role so far is but a form of address
	for _, i := range members {
		if tried++; tried > triedForRole {
			break
		}
		m := &r.mentions[i]
		first, end := r.doc.TokensIn(m.Span)
		for k, s := range []struct{ a, b int }{pair(r.roleBefore(first)), pair(r.roleAfter(end)), pair(r.roleSaid(end))} {
			if s.a >= s.b {
				continue
			}
			span := text.Span{Start: r.doc.Tokens[s.a].Start, End: r.doc.Tokens[s.b-1].End}
			if k < said && (role == "" || address && s.a >= end) {
				address = s.b <= first && onlyAddress(r.doc.Tokens[s.a:s.b])
				role = strings.Join(strings.Fields(span.In(r.doc.Text)), " ")
			}
			for k := s.a; k < s.b; k++ {
				t := &r.doc.Tokens[k]
				if t.Tag == "IN" && k > s.a {
					break
				}
				if strings.HasPrefix(t.Tag, "NN") || t.Tag == "JJ" {
					if low := strings.ToLower(t.Text); len(low) > 2 && len(titles) < most {
						titles = append(titles, low)
					}
				}
			}
		}
	}
	return role, titles
}

// said is which of the words that introduce a person are what a sentence says of him; they name him later
// ("the mayor"), but are no role of his for good.
const said = 2

// roleSaid gives the tokens of what a person is said to be right after the name that ends before token end:
// "is the mayor of Oslo", "became president".
func (r *resolver) roleSaid(end int) (from, to int) {
	tokens := r.doc.Tokens
	if end >= len(tokens) || tokens[end].Sentence != tokens[end-1].Sentence {
		return end, end
	}
	switch tokens[end].Text {
	case "is", "was", "became", "remains":
	default:
		return end, end
	}
	from = end + 1
	for from < len(tokens) && (tokens[from].Tag == "DT" || tokens[from].Tag == "RB") {
		from++
	}
	to = from
	noun := false
	for to < len(tokens) && to-from < longestRole && tokens[to].Sentence == tokens[end].Sentence && roleWord(&tokens[to]) {
		noun = roleNoun(tokens[to].Text)
		to++
	}
	if !noun {
		return end, end
	}
	return from, to
}

func pair(a, b int) struct{ a, b int } { return struct{ a, b int }{a, b} }

// roleBefore gives the tokens of the title or role right before the name that starts at token
// first: "KNU spokesperson", "former Chief Operating Officer".
func (r *resolver) roleBefore(first int) (from, to int) {
	from, to = first, first
	if first == 0 || first >= len(r.doc.Tokens) {
		return from, to
	}
	tokens := r.doc.Tokens
	// "the group's leader, Jane Smith,": the comma belongs to the apposition.
	if tokens[first-1].Tag == "," && first >= 2 && roleNoun(tokens[first-2].Text) {
		from, to = first-1, first-1
	}
	sentence := tokens[first].Sentence
	for from > 0 && to-from < longestRole {
		t := &tokens[from-1]
		if t.Sentence != sentence || !roleWord(t) {
			break
		}
		from--
	}
	for from < to && (tokens[from].Tag == "POS" || tokens[from].Text == "-" || tokens[from].Text == "&") {
		from++
	}
	if from == to {
		return r.officeBefore(first)
	}
	last := tokens[to-1].Text
	// A title in another language after the office: "archbishop Monseñor Smith".
	if to-from >= 2 && tokens[to-1].Tag == "NNP" && !roleNoun(last) && !honorific(last) && roleNoun(tokens[to-2].Text) {
		last = tokens[to-2].Text
		to--
	}
	if honorific(last) && to-from == 1 || !roleNoun(last) && !honorific(last) {
		return r.officeBefore(first)
	}
	return from, to
}

// officeBefore gives the tokens of a role whose noun has a complement, right before the name that starts at
// token first, or before a comma where another closes the name: "President of the United States Ana Bell",
// "the mayor of Vale, Ana Bell, said".
func (r *resolver) officeBefore(first int) (from, to int) {
	tokens := r.doc.Tokens
	to = first
	if tokens[first-1].Tag == "," {
		to--
		if m := r.mentionFrom(tokens[first].Start); m < len(r.mentions) {
			if _, end := r.doc.TokensIn(r.mentions[m].Span); end >= len(tokens) || tokens[end].Tag != "," {
				return first, first
			}
		}
	}
	start := to
	for start > 0 && to-start < longestRole && tokens[start-1].Sentence == tokens[first].Sentence && (roleWord(&tokens[start-1]) || joins(&tokens[start-1])) {
		start--
	}
	if to-start < 3 || joins(&tokens[to-1]) {
		return first, first
	}
	// The noun is the last one that a preposition follows: "a friend of the president of Vale".
	for k := to - 2; k > start; k-- {
		if tokens[k].Tag != "IN" || tokens[k-1].Tag == "NNS" || !roleNoun(tokens[k-1].Text) {
			continue
		}
		for from = k; from > start && roleWord(&tokens[from-1]); {
			from--
		}
		for from < k && tokens[from].Tag == "POS" {
			from++
		}
		return from, to
	}
	return first, first
}

// joins reports whether a token may stand between a role's noun and the end of its complement.
func joins(t *text.Token) bool {
	switch t.Text {
	case "of", "for", "at", "from", "the", "and", "&":
		return true
	}
	return false
}

// roleAfter gives the tokens of the apposition right after the name that ends before token end:
// ", a management expert at Stanford University,".
func (r *resolver) roleAfter(end int) (from, to int) {
	tokens := r.doc.Tokens
	if end+1 >= len(tokens) || tokens[end].Tag != "," || tokens[end+1].Sentence != tokens[end-1].Sentence {
		return end, end
	}
	from = end + 1
	to = from
	sentence := tokens[from].Sentence
	noun := false
	for to < len(tokens) && to-from < longestRole && tokens[to].Sentence == sentence {
		t := &tokens[to]
		switch {
		case t.Tag == "," || t.Tag == "." || t.Tag == ":" || t.Tag == "``" || t.Tag == "''" || t.Tag == "(":
			goto done
		case t.Tag == "DT" || t.Tag == "PRP$" || t.Tag == "IN" && to > from || t.Tag == "CC" && to > from:
		case !noun && (t.Tag == "IN" || t.Tag == "CD"):
			return end, end
		case roleWord(t):
			noun = noun || roleNoun(t.Text)
		case t.Tag == "RB" && to == from: // "formerly the director"
		default:
			return end, end
		}
		to++
	}
done:
	if !noun {
		return end, end
	}
	for from < to && tokens[from].Tag == "DT" {
		from++
	}
	return from, to
}

// roleWord reports whether a token may stand inside a role.
func roleWord(t *text.Token) bool {
	switch t.Text {
	case "His", "Her", "Its", "Their", "My", "Our": // which the tagger takes for nouns at times
		return false
	}
	switch t.Tag {
	case "NN", "NNP", "NNS", "NNPS", "JJ", "POS", "FW":
		return !weekday(t.Text)
	case "VBG":
		return t.Text == "acting" || t.Text == "outgoing" || t.Text == "incoming"
	}
	return t.Text == "-" || t.Text == "&" || t.Text == "then"
}

// onlyAddress reports whether a role says no more than how to address the person: "Rep.", "Sheikh", "Lt. Gen.".
func onlyAddress(role []text.Token) bool {
	for i := range role {
		if t := &role[i]; !strings.HasSuffix(t.Text, ".") && !honorific(t.Text) {
			switch t.Text {
			case "Sheikh", "Chief", "Rev", "Hon", "Senator", "Bishop", "Archbishop", "Cardinal", "Father", "Pastor", "Imam", "Maulana", "General", "Colonel", "Professor", "Comrade", "Prince", "Princess":
			default:
				return false
			}
		}
	}
	return true
}

func weekday(w string) bool {
	switch w {
	case "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Yesterday", "Today", "yesterday", "today":
		return true
	}
	return false
}

func honorific(w string) bool {
	switch strings.TrimSuffix(w, ".") {
	case "Mr", "Mrs", "Ms", "Miss", "Mx", "Dr", "Sir", "Dame", "Lord", "Lady", "Prof":
		return true
	}
	return false
}

// IsRole reports whether a word names an office, a profession or a part that people play.
func IsRole(word string) bool { return roleNoun(word) }

// roleNoun reports whether a word names an office, a profession or a part that people play.
func roleNoun(w string) bool {
	low := strings.ToLower(strings.TrimSuffix(w, "."))
	if lists().roles[low] {
		return true
	}
	if r, _ := utf8.DecodeLastRuneInString(low); !unicode.IsLetter(r) {
		return false
	}
	for _, suffix := range [...]string{"man", "woman", "person", "ologist", "ographer", "ician", "ist", "yer", "ctor", "tor", "eer"} {
		if strings.HasSuffix(low, suffix) && len(low) > len(suffix)+2 {
			return true
		}
	}
	return false
}
