package quote

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote/cue"
	"github.com/datelinenews/dateline/extractor/text"
)

// finder is the state of one Find.
type finder struct {
	model     *Model
	doc       *text.Doc
	mentions  []ner.Mention
	entities  []coref.Entity
	stretches []stretch
	units     []unit
	frames    [][]frame // of each unit
	stances   [][]frame // of what takes no quotation, of each unit
	found     []*Quote  // of each stretch; nil for what is no quotation
	out       []Quote
	learning  bool // keep the features of candidates
}

// newFinder cuts the document into units and finds their frames.
func newFinder(m *Model, doc *text.Doc, mentions []ner.Mention, entities []coref.Entity) *finder {
	f := &finder{model: m, doc: doc, mentions: mentions, entities: entities, stretches: withTurns(doc, mentions, entities)}
	f.units = f.skeletons()
	f.frames = make([][]frame, len(f.units))
	f.stances = make([][]frame, len(f.units))
	f.found = make([]*Quote, len(f.stretches))
	for i := range f.units {
		f.frames[i] = f.units[i].frames()
	}
	return f
}

// marked finds the quotations and speakers of one unit's stretches.
func (f *finder) marked(n int) {
	u := &f.units[n]
	for k := range u.items {
		if u.items[k].kind != quoted {
			continue
		}
		q := u.items[k].ref
		if s := &f.stretches[q]; s.turn != nil {
			f.found[q] = f.spokenTurn(s)
			continue
		}
		fr, rule := f.link(n, k)
		p := f.model.marks.probability(f.features(u, k, fr, rule))
		if rule == "after" && f.addressed(q, fr) {
			p = max(p, leastMarked)
		}
		if p < leastMarked {
			if !f.sentence(q) {
				continue
			}
			p = leastMarked
		}
		f.found[q] = f.spoken(n, k, fr, rule, p)
	}
}

// leastMarked is how likely a stretch in marks must be a quotation.
const leastMarked = 0.62

// addressed reports whether a stretch is a clause, however short, that a clause of speaking right
// after it takes up: “We leave,” said Jane Doe. Nothing but speech is set so.
func (f *finder) addressed(q int, after *frame) bool {
	s := &f.stretches[q]
	if after.according || after.passive || after.verb.Class&cue.Say == 0 || !strings.ContainsAny(f.doc.Tokens[s.EndToken-1].Text, ",?!") {
		return false
	}
	for i := s.FirstToken; i < s.EndToken; i++ {
		switch f.doc.Tokens[i].Tag {
		case "VBZ", "VBD", "VBP", "MD":
			return true
		}
	}
	return false
}

// sentence reports whether a stretch is a sentence, long enough to be nothing but speech.
func (f *finder) sentence(q int) bool {
	const shortest, shortestPart = 6, 2 // words
	s := &f.stretches[q]
	// What runs over paragraphs, each of which opens with a mark, is hardly anything else.
	part := s.Continues || q+1 < len(f.stretches) && f.stretches[q+1].Continues
	if s.Single && !part || s.EndToken-s.FirstToken < shortest+1 && (!part || s.EndToken-s.FirstToken < shortestPart+1) {
		return false
	}
	if f.doc.Tokens[s.FirstToken].Tag == "CD" || !unicode.IsUpper(firstRune(f.doc.Tokens[s.FirstToken].Text)) {
		return false
	}
	switch f.doc.Tokens[s.EndToken-1].Text {
	case ".", "?", "!", ",":
	default:
		return false
	}
	for i := s.FirstToken + 1; i < s.EndToken && i < s.FirstToken+24; i++ {
		switch f.doc.Tokens[i].Tag {
		case "VBZ", "VBD", "VBP", "MD":
			return true
		}
	}
	return false
}

// leastSure is how likely it must be that somebody's words are his: no speaker is better than a
// wrong one.
const leastSure = 0.42

// signedScore is how likely the name after a dash is the speaker: on PolNeAR's development articles
// it was each time.
const signedScore = 0.95

// proposed is the quotation at item k of unit n with the speaker that the rules propose.
func (f *finder) proposed(n, k int, fr *frame, rule string) *Quote {
	u := &f.units[n]
	s := &f.stretches[u.items[k].ref]
	out := &Quote{Span: s.Span, Text: s.In(f.doc.Text), Kind: f.kind(u, k), Rule: rule}
	switch {
	case fr != nil:
		out.Speaker = u.speaker(fr)
		if fr.cueEnd > fr.cueFirst && fr.cueFirst >= 0 && fr.verb.Lemma != "" {
			out.Cue = u.expression(fr.cueFirst, fr.cueEnd)
		}
	case rule != "":
		f.carry(n, k, out)
	}
	return out
}

// spoken is the quotation at item k of unit n with its speaker: the likeliest of those whom the
// rules propose and those who stand near; nobody, where it is too unsure that it is a quotation,
// which has the probability sure, and theirs.
func (f *finder) spoken(n, k int, fr *frame, rule string, sure float64) *Quote {
	out := f.proposed(n, k, fr, rule)
	if len(f.model.speakers) == 0 || rule == "signed" || fr != nil && rule == "before" && out.Speaker != nil && fr.verb.Class&cue.Call != 0 && f.units[n].relative(fr) {
		// A name after a dash, and “… an offer that Jones called …”, leave no doubt, though annotators
		// may count the latter as the words of whoever reports it.
		if out.Rule, out.Score = f.confidence(out.Rule, out.Speaker); out.Rule == "signed" {
			out.Score = signedScore
		}
		return out
	}
	cs := f.candidates(n, k, out, fr)
	best, p := likeliest(cs)
	c := &cs[best]
	out.Rule, out.Speaker, out.Cue, out.Score = c.rule, c.speaker, c.cue, p
	if c.speaker == nil || p*sure < leastSure {
		out.Rule, out.Speaker, out.Score = "none", nil, 0
	}
	return out
}

// near is the frames that stand close enough to item k to matter, which keeps the work linear.
func near(frames []frame, k int) []frame {
	const window = 150 // items
	lo := sort.Search(len(frames), func(i int) bool { return frames[i].cueFirst >= k-window })
	hi := lo
	for hi < len(frames) && frames[hi].cueFirst < k+window {
		hi++
	}
	return frames[lo:hi]
}

// link finds the frame in unit n that the quotation at item k belongs to.
func (f *finder) link(n, k int) (*frame, string) {
	u := &f.units[n]
	u.steps = 0
	if fr := u.signature(k + 1); fr != nil {
		return fr, "signed"
	}
	if n+1 < len(f.units) && k+1 == len(u.items) && f.units[n+1].signature(0) != nil {
		return nil, "signed"
	}
	frames := near(f.frames[n], k)
	// The clause right after: “…,” he said.
	for i := range frames {
		fr := &frames[i]
		if fr.clauseFirst > k && fr.clauseFirst <= k+3 && u.only(k+1, fr.clauseFirst) && fr.verb.Class != cue.Call && !fr.participle && fr.subjFirst >= 0 {
			if fr.according {
				if before := u.opened(frames, k); before != nil {
					return before, "clause"
				}
			}
			return fr, "after"
		}
	}
	// The clause right before: He said: “…”
	for i := len(frames) - 1; i >= 0; i-- {
		fr := &frames[i]
		if fr.cueFirst < k && fr.after <= k && u.only(fr.after, k) && fr.subjFirst >= 0 {
			return fr, "before"
		}
	}
	// After a colon: Smith disagreed: “…”
	if u.at(k-1).low == ":" && k >= 2 {
		if first, end, head := u.mainSubject(k - 2); first >= 0 {
			return &frame{subjFirst: first, subjEnd: end, head: head, cueFirst: k - 1, cueEnd: k}, "colon"
		}
		if first, end, head := u.phraseLeft(k - 2); head >= 0 {
			return &frame{subjFirst: first, subjEnd: end, head: head, cueFirst: k - 1, cueEnd: k}, "colon"
		}
	}
	// Inside the clause that a cue before it opens.
	if fr := u.opened(frames, k); fr != nil {
		return fr, "clause"
	}
	for i := range frames {
		if fr := &frames[i]; fr.according {
			return fr, "according"
		}
	}
	// A cue at the end of the sentence: … “…” and so on, he said.
	for i := range frames {
		fr := &frames[i]
		if fr.cueFirst > k && fr.subjFirst > k && !u.breaks(k+1, fr.clauseFirst) && fr.verb.Class&(cue.Say|cue.Direct) != 0 {
			return fr, "clause"
		}
	}
	// A name and no verb: “…,” John Smith, an analyst.
	if f.open(u, k) {
		b := k + 1
		if u.at(b).low == "," {
			b++
		}
		if u.personAt(b) && (b+1 >= len(u.items) || u.items[b+1].low == "," || u.items[b+1].tag == ".") && !u.hasFinite(b, len(u.items)) {
			return &frame{subjFirst: b, subjEnd: b + 1, head: b, cueFirst: -1}, "name"
		}
	}
	// Alone: the quotation goes on from the one before, or belongs to a sentence beside it.
	if f.alone(u) {
		if f.stretches[u.items[k].ref].Continues && u.items[k].ref > 0 && f.found[u.items[k].ref-1] != nil {
			return nil, "continued"
		}
		if n+1 < len(f.units) && f.units[n+1].paragraph == u.paragraph && len(f.units[n+1].quotes) == 0 {
			if fs := f.frames[n+1]; len(fs) > 0 && fs[0].clauseFirst == 0 && fs[0].subjFirst >= 0 && (len(f.units[n+1].items)-fs[0].after <= 3 || f.open(u, k)) {
				return nil, "next"
			}
		}
		if n > 0 && len(f.units[n-1].quotes) > 0 {
			return nil, "chain"
		}
		return nil, "previous"
	}
	// No cue: the subject of the verb before the fragment.
	if first, end, head := u.subjectOfVerbBefore(k-1, 0); first >= 0 {
		fr := &frame{subjFirst: first, subjEnd: end, head: head, cueFirst: first, cueEnd: end}
		return fr, "subject"
	}
	return nil, ""
}

// signature is the name that is set under a quotation after the dash at item i: “…” — Jane Doe.
func (u *unit) signature(i int) *frame {
	const longest = 6 // items
	if !dash(u.at(i).low) {
		return nil
	}
	first := i + 1
	end := first
	for end < len(u.items) && end < first+longest && (u.items[end].kind == name || u.items[end].kind == word && strings.HasPrefix(u.items[end].tag, "NNP") && !u.startsLine(end)) {
		end++
	}
	if end == first || end-first == longest {
		return nil
	}
	switch next := u.at(end); {
	case end == len(u.items), next.kind == quoted, u.startsLine(end):
	case next.kind == word && (next.tag == "." || next.low == ",") && (end+1 == len(u.items) || next.low == ","):
	default:
		return nil
	}
	head := -1
	for i := first; i < end; i++ {
		if u.items[i].kind == name && (head < 0 || u.personAt(i)) {
			head = i
		}
	}
	return &frame{subjFirst: first, subjEnd: end, head: head, cueFirst: -1}
}

func dash(low string) bool {
	switch low {
	case "―", "—", "–", "--", "-":
		return true
	}
	return false
}

// startsLine reports whether a line of the text starts with item i.
func (u *unit) startsLine(i int) bool {
	t := u.f.doc.Tokens
	a := u.items[i].first
	return a > 0 && strings.Contains(u.f.doc.Text[t[a-1].End:t[a].Start], "\n")
}

// opened is the frame whose reported clause the quotation at item k stands in, nil where none is.
func (u *unit) opened(frames []frame, k int) *frame {
	for i := len(frames) - 1; i >= 0; i-- {
		fr := &frames[i]
		if fr.cueFirst < k && fr.subjFirst >= 0 && !fr.according && fr.verb.Class&(cue.Say|cue.Call|cue.Urge) != 0 && !u.breaks(fr.cueEnd, k) {
			return fr
		}
	}
	return nil
}

// carry gives a quotation that stands alone its speaker from the text beside it.
func (f *finder) carry(n, k int, out *Quote) {
	q := f.units[n].items[k].ref
	switch out.Rule {
	case "continued", "chain":
		for p := q - 1; p >= 0 && p >= q-3; p-- {
			if f.found[p] != nil {
				out.Speaker, out.Cue = f.found[p].Speaker, f.found[p].Cue
				return
			}
		}
	case "signed":
		u := &f.units[n+1]
		out.Speaker = u.speaker(u.signature(0))
	case "next":
		u := &f.units[n+1]
		fr := &f.frames[n+1][0]
		out.Speaker = u.speaker(fr)
		out.Cue = u.expression(fr.cueFirst, fr.cueEnd)
	case "previous":
		if n == 0 {
			return
		}
		u := &f.units[n-1]
		u.steps = 0
		for i := range f.frames[n-1] {
			if fr := &f.frames[n-1][i]; fr.subjFirst >= 0 {
				out.Speaker = u.speaker(fr)
				return
			}
		}
		if first, end, head := u.mainSubject(len(u.items) - 1); first >= 0 && head >= 0 {
			out.Speaker = u.speaker(&frame{subjFirst: first, subjEnd: end, head: head})
		}
	}
}

// mainSubject is the subject of the first finite verb, before item stop, of the sentence that
// ends there.
func (u *unit) mainSubject(stop int) (first, end, head int) {
	start := max(0, stop-reach)
	for i := stop; i > start; i-- {
		if u.breaks(i-1, i) {
			start = i
			break
		}
	}
	for i := start; i <= stop && i < len(u.items); i++ {
		it := &u.items[i]
		if it.kind != word || !finite(it) && it.tag != "VBN" {
			continue
		}
		if first, end, head = u.subjectOfVerbBefore(i, 0); first >= start && !u.prepositional(first) {
			return first, end, head
		}
	}
	return -1, -1, -1
}

// alone reports whether a quotation is the whole of its unit.
func (f *finder) alone(u *unit) bool {
	if u.words < 0 {
		u.words = 0
		for i := range u.items {
			if u.items[i].kind == name || u.items[i].kind == word && letterOrDigit(u.items[i].low) {
				u.words++
			}
		}
	}
	return u.words <= 1
}

// open reports whether the quotation at item k ends in a mark that an attribution may follow.
func (f *finder) open(u *unit, k int) bool {
	switch f.doc.Tokens[f.stretches[u.items[k].ref].EndToken-1].Text {
	case "?", "!", ",", "…":
		return true
	}
	return false
}

func letterOrDigit(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// only reports whether nothing but punctuation, adverbs and "that" stands in [a, b).
func (u *unit) only(a, b int) bool {
	for i := a; i < b; i++ {
		it := &u.items[i]
		if it.kind != word || letterOrDigit(it.low) && it.tag != "RB" && !adverb(it.low) && it.low != "that" && it.low != "and" && it.low != "but" &&
			(it.low != "in" || !extent(u.at(i+1).low)) && !extent(it.low) {
			return false
		}
	}
	return true
}

// extent reports whether a word ends "read in part" or "read in full".
func extent(low string) bool { return low == "part" || low == "full" }

// breaks reports whether a sentence ends in [a, b).
func (u *unit) breaks(a, b int) bool {
	for i := a; i < b && i < len(u.items); i++ {
		it := &u.items[i]
		if it.kind == word && (it.tag == "." || it.low == ";") {
			return true
		}
		if it.kind == quoted && i+1 < len(u.items) {
			t := u.f.doc.Tokens[u.f.stretches[it.ref].EndToken-1].Text
			if (t == "." || t == "?" || t == "!") && u.f.doc.Tokens[u.items[i+1].first].Text != "" && unicode.IsUpper(firstRune(u.f.doc.Tokens[u.items[i+1].first].Text)) {
				return true
			}
		}
	}
	return false
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// kind tells a quotation that stands by itself from a fragment in the reporter's sentence.
func (f *finder) kind(u *unit, k int) Kind {
	s := &f.stretches[u.items[k].ref]
	first := f.doc.Tokens[s.FirstToken].Text
	if unicode.IsUpper(firstRune(first)) || first == "[" || f.alone(u) {
		return Direct
	}
	if p := u.at(k - 1); p.kind == word && (p.low == ":" || p.low == ",") {
		if _, ok := cue.Lookup(u.at(k - 2).low); ok {
			return Direct
		}
	}
	return Mixed
}
