package ner

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/text"
)

// conventions puts right what a recogniser can't know from a sentence alone, because newsrooms write it by
// conventions of their own: the agency in a dateline is an organisation; who wrote, edited or photographed a
// story is not who it is about; "R-Ohio" is no name; "Smith & Jones" is a firm; what follows a name by
// right ("KC") is no part of it, and nor is a lower-case point of the compass.
func conventions(doc *text.Doc, mentions []Mention) []Mention {
	credits, author := credits(doc), bareByline(doc, mentions)
	out := mentions[:0:0]
	for i := 0; i < len(mentions); i++ {
		m := mentions[i]
		before, after := doc.Text[:m.Start], doc.Text[m.End:]
		for len(credits) > 0 && credits[0].End <= m.Start {
			credits = credits[1:]
		}
		switch {
		case len(credits) > 0 && credits[0].Contains(m.Span), m.Type == Person && author.Contains(m.Span):
			continue
		case partyTag(m.Text) && (strings.HasSuffix(before, "(") || strings.HasSuffix(strings.TrimRight(before, " "), ",")):
			continue
		case signOff(m.Text) && len(strings.TrimSpace(after)) == 0 && strings.TrimRight(before, ".!?\"”' \n—–-") != strings.TrimRight(before, " "):
			continue
		case m.Type != Organisation && strings.HasSuffix(before, "(") && beforeDash(after) && !strings.ContainsAny(m.Text, ",."):
			m.Type, m.Score = Organisation, max(m.Score, settled)
		}
		for i+1 < len(mentions) && doc.Text[m.End:mentions[i+1].Start] == " & " && firm(doc, out, m, mentions[i+1]) {
			i++
			m = joined(doc, m, mentions[i])
		}
		if m.Type == Person && (strings.Contains(m.Text, " & ") || i+1 < len(mentions) && mentions[i+1].Type == Person && analyst(doc.Text[m.End:mentions[i+1].Start])) {
			m.Type, m.Score = Organisation, max(m.Score, settled)
		}
		first, end := doc.TokensIn(m.Span)
		switch m.Type {
		case Person:
			for end-first > 2 && postNominals[doc.Tokens[end-1].Text] {
				if end--; doc.Tokens[end-1].Text == "," {
					end--
				}
			}
		case Place:
			for end-first > 1 && compass(doc.Tokens[first].Text) && capitalised(doc.Tokens[first+1].Text) {
				first++
			}
			if comma := datelineComma(doc.Tokens[first:end]); comma > 0 {
				out = append(out, cut(doc, m, first, first+comma))
				first += comma + 1
			}
		}
		out = append(out, cut(doc, m, first, end))
	}
	return out
}

// cut is the mention without the tokens outside of [first, end).
func cut(doc *text.Doc, m Mention, first, end int) Mention {
	if first >= end {
		return m
	}
	span := text.Span{Start: doc.Tokens[first].Start, End: doc.Tokens[end-1].End}
	if span != m.Span {
		m.Span, m.Text, m.Form = span, span.In(doc.Text), form(doc.Tokens[first:end])
	}
	return m
}

// analyst reports whether what stands between two names makes the first a firm: "Reed Dunn analyst Ana Bell".
func analyst(between string) bool {
	switch strings.TrimSpace(between) {
	case "analyst", "analysts", "strategist", "economist", "chief economist", "chief strategist", "portfolio manager":
		return true
	}
	return false
}

// firm reports whether "a & b" is the name of a firm or a duo, where b follows a after " & ": a name that is
// one already, or two surnames alone ("Johnson & Johnson"), but not at the end of a list of people. before are
// the mentions before a.
func firm(doc *text.Doc, before []Mention, a, b Mention) bool {
	switch {
	case a.Type == Place || b.Type == Place:
		return false
	case a.Type == Organisation || b.Type == Organisation:
		return true
	case strings.Contains(a.Text, " ") || strings.Contains(b.Text, " "):
		return false
	}
	n := len(before)
	return n == 0 || before[n-1].Type != Person || strings.Trim(doc.Text[before[n-1].End:a.Start], ", ") != ""
}

// joined is one organisation of two names with "&" between them.
func joined(doc *text.Doc, a, b Mention) Mention {
	a.End = b.End
	a.Text, a.Type, a.Form, a.Score = a.In(doc.Text), Organisation, Name, max(min(a.Score, b.Score), settled)
	return a
}

// partyTag reports whether it is a legislator's party and state: "R-Ohio", "D-Minn".
func partyTag(s string) bool {
	party, state, ok := strings.Cut(s, "-")
	return ok && len(party) == 1 && strings.Contains("DRI", party) && len(state) > 1 && unicode.IsUpper(rune(state[0]))
}

// signOff reports whether it is an agency's and its editors' initials, as they end a story: "PTI SKV MNR".
func signOff(s string) bool {
	words := strings.Fields(s)
	return len(words) > 1 && !slices.ContainsFunc(words, func(w string) bool {
		return len(w) > 4 || strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsUpper(r) })
	})
}

// beforeDash reports whether a bracket closes here and a dash follows, as behind an agency in a dateline.
func beforeDash(after string) bool {
	after, ok := strings.CutPrefix(after, ")")
	after = strings.TrimLeft(after, " ")
	return ok && (strings.HasPrefix(after, "-") || strings.HasPrefix(after, "—") || strings.HasPrefix(after, "–"))
}

// postNominals are letters after a person's name; our own list.
var postNominals = set("KC QC SC MP MEP MLA MSP TD OBE MBE CBE KBE GBE AM AO AC OAM OM CH DBE CMG KCMG KCB QPM PhD Ph.D Ph.D. MD M.D. Esq Esq. FRS RN LLB SAN GCFR GCON CFR")

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// compass reports whether a word is a point of the compass in lower case, or such a part of a place.
func compass(w string) bool {
	switch w {
	case "north", "south", "east", "west", "northern", "southern", "eastern", "western", "central",
		"north-east", "north-west", "south-east", "south-west", "northeast", "northwest", "southeast", "southwest",
		"north-eastern", "north-western", "south-eastern", "south-western", "northeastern", "northwestern", "southeastern", "southwestern",
		"upper", "lower", "downtown", "rural", "mainland":
		return true
	}
	return false
}

// datelineComma is the place of the comma between a town in capitals and its region ("NAHA, Okinawa
// Prefecture"), 0 for none.
func datelineComma(toks []text.Token) int {
	for k := 1; k+1 < len(toks); k++ {
		if toks[k].Text == "," {
			if capitals(toks[0].Text) && capitals(toks[k-1].Text) && !capitals(toks[k+1].Text) {
				return k
			}
			return 0
		}
	}
	return 0
}

func capitalised(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return unicode.IsUpper(r)
}

// capitals reports whether a word has three letters or more and all are capitals.
func capitals(w string) bool {
	return utf8.RuneCountInString(w) > 2 && w == strings.ToUpper(w) && w != strings.ToLower(w)
}

// longestCredit bounds, in bytes, a paragraph that is nothing but a credit.
const longestCredit = 400

// credits are the spans that say who made the article, in text order: "(Reporting by …; Editing by …)", "By
// Jane Doe" over it, "Photo: …", "… contributed to this report".
func credits(doc *text.Doc) []text.Span {
	var out []text.Span
	body := 0 // paragraphs of the body so far
	for i := range doc.Paragraphs {
		p := &doc.Paragraphs[i]
		if p.Start < doc.TitleEnd {
			continue
		}
		body++
		if p.Len() <= longestCredit && (credited(doc, p.Span, p.FirstSentence, p.EndSentence) || body <= 2 && i+1 < len(doc.Paragraphs) && byline(doc, p)) {
			out = append(out, p.Span)
			continue
		}
		if last := &doc.Sentences[p.EndSentence-1]; last.Len() <= longestCredit && credited(doc, last.Span, p.EndSentence-1, p.EndSentence) {
			out = append(out, last.Span)
		}
	}
	return out
}

// credited reports whether the sentences [from, to), which are the span, are a credit.
func credited(doc *text.Doc, span text.Span, from, to int) bool {
	s := strings.TrimSpace(span.In(doc.Text))
	low := strings.ToLower(strings.TrimLeft(s, " ([*_—–-"))
	bracketed := strings.HasPrefix(s, "(") || strings.HasPrefix(s, "[")
	for _, opening := range [...]string{"photo: ", "photos: ", "photo by ", "photos by ", "photograph: ", "photograph by ", "picture: ", "pictures: ", "picture by ", "with a report from ", "with reports from ", "with reporting by "} {
		if strings.HasPrefix(low, opening) {
			return true
		}
	}
	for _, opening := range [...]string{"reporting by ", "additional reporting by ", "reporting and writing by ", "writing by ", "editing by ", "edited by ", "compiled by ", "this article was written by ", "this story was written by "} {
		if strings.HasPrefix(low, opening) {
			return bracketed || !finite(doc, from, to)
		}
	}
	if to-from == 1 && !strings.ContainsAny(s, `"“”`) {
		low = strings.TrimRight(low, " .)]")
		for _, end := range [...]string{"contributed to this report", "contributed to this story", "contributed to this article", "contributed reporting"} {
			if strings.HasSuffix(low, end) {
				return true
			}
		}
	}
	return false
}

// bareByline is the paragraph under a title that is nothing but names of people and perhaps of where they are
// ("Ana Bell, Lagos"), empty where there is none.
func bareByline(doc *text.Doc, mentions []Mention) text.Span {
	if doc.TitleEnd == 0 {
		return text.Span{}
	}
	i := slices.IndexFunc(doc.Paragraphs, func(p text.Paragraph) bool { return p.Start >= doc.TitleEnd })
	if i < 0 || i+1 >= len(doc.Paragraphs) {
		return text.Span{}
	}
	p := doc.Paragraphs[i].Span
	at := p.Start
	for _, m := range mentions {
		if m.Start < p.Start || m.End > p.End {
			continue
		}
		if between := strings.Trim(doc.Text[at:m.Start], " ,|–—-"); between != "" && between != "and" && between != "in" || at == p.Start && m.Type != Person {
			return text.Span{}
		}
		at = m.End
	}
	if at == p.Start || strings.TrimSpace(doc.Text[at:p.End]) != "" {
		return text.Span{}
	}
	return p
}

// finite reports whether the sentences have a finite verb.
func finite(doc *text.Doc, from, to int) bool {
	for k := doc.Sentences[from].FirstToken; k < doc.Sentences[to-1].EndToken; k++ {
		switch doc.Tokens[k].Tag {
		case "VBD", "VBZ", "VBP", "MD":
			return true
		}
	}
	return false
}

// byline reports whether a paragraph is nothing but "By" and a name or two: "By JANE DOE, Political
// Editor", "From John Roe, Abuja".
func byline(doc *text.Doc, p *text.Paragraph) bool {
	if p.EndSentence-p.FirstSentence != 1 || finite(doc, p.FirstSentence, p.EndSentence) {
		return false
	}
	toks := doc.Tokens[doc.Sentences[p.FirstSentence].FirstToken:doc.Sentences[p.FirstSentence].EndToken]
	if len(toks) < 3 || len(toks) > 12 {
		return false
	}
	switch toks[0].Text {
	case "By", "BY", "From", "FROM":
	default:
		return false
	}
	if !capitalised(toks[1].Text) {
		return false
	}
	switch toks[len(toks)-1].Text {
	case ".", "!", "?", ":", "…":
		return false
	}
	return true
}
