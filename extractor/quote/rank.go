package quote

import (
	"math"
	"sort"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote/cue"
)

// candidate is somebody who may have said a quotation.
type candidate struct {
	rule     string // where the candidate was found, as Quote.Rule says it
	speaker  *Speaker
	cue      *Cue
	weight   float64  // of its features together
	features []string // themselves, for training only
}

// How many frames on each side of a quotation are candidates.
const (
	framesBefore = 5
	framesAfter  = 3
)

// candidates lists who may have said the quotation at item k of unit n; picked is what the rules
// choose, and the first of the list. The last, with no speaker, stands for nobody.
func (f *finder) candidates(n, k int, picked *Quote, fr *frame) []candidate {
	u := &f.units[n]
	q := u.items[k].ref
	c := &collector{f: f, u: u, k: k, q: q, pickRule: picked.Rule, alone: f.alone(u)}
	if picked.Speaker == nil {
		c.pickRule = "none"
	}
	c.quotation()
	// The frames of the unit.
	frames := near(f.frames[n], k)
	first := 0
	for first < len(frames) && frames[first].cueFirst < k {
		first++
	}
	var before, between int
	for i := first - 1; i >= 0 && before < framesBefore; i-- {
		if g := &frames[i]; g.subjFirst >= 0 {
			c.frame(u, g, c.place(g), between, g == fr)
			before++
		}
		between++
	}
	between = 0
	for i := first; i < len(frames) && i < first+framesAfter; i++ {
		if g := &frames[i]; g.subjFirst >= 0 {
			c.frame(u, g, c.place(g), between, g == fr)
		}
		between++
	}
	// Subjects of other verbs, if no frame has them.
	u.steps = 0
	c.subject(u, "subject", k-1, fr)
	if fr != nil && !c.picked {
		c.frame(u, fr, picked.Rule, 0, true)
	}
	c.subjects(u, k)
	c.names(u, k)
	// The sentences beside.
	if n > 0 {
		p := &f.units[n-1]
		near := ""
		if p.paragraph != u.paragraph {
			near = "-paragraph"
		}
		seen := 0
		for i := len(f.frames[n-1]) - 1; i >= 0 && seen < 2; i-- {
			if g := &f.frames[n-1][i]; g.subjFirst >= 0 {
				c.frame(p, g, "previous"+near, seen, picked.Rule == "previous" && i == 0)
				seen++
			}
		}
		p.steps = 0
		c.subject(p, "previous-subject"+near, len(p.items)-1, nil)
		if first, end, head := p.mainSubject(len(p.items) - 1); first >= 0 && !c.has(p, first, end) {
			if s := p.speaker(&frame{subjFirst: first, subjEnd: end, head: head}); s != nil {
				c.start("previous-main"+near, s, nil, false)
			}
		}
	}
	if n+1 < len(f.units) {
		x := &f.units[n+1]
		near := ""
		if x.paragraph != u.paragraph {
			near = "-paragraph"
		}
		if fs := f.frames[n+1]; len(fs) > 0 && fs[0].subjFirst >= 0 {
			where := "next"
			if fs[0].clauseFirst > 0 {
				where = "next-later"
			}
			if len(x.quotes) > 0 {
				where += "-quoted"
			}
			c.frame(x, &fs[0], where+near, 0, picked.Rule == "next")
		}
	}
	// Who spoke before.
	var last *Speaker
	for p, seen := q-1, 0; p >= 0 && p >= q-4 && seen < 2; p-- {
		b := f.found[p]
		if b == nil || b.Speaker == nil || last != nil && sameSpeaker(last, b.Speaker) {
			continue
		}
		where := "chain"
		if seen > 0 {
			where = "turn"
		}
		c.carried(where, p, b, seen == 0 && (picked.Rule == "chain" || picked.Rule == "continued"))
		last = b.Speaker
		seen++
	}
	if !c.picked && picked.Speaker != nil {
		c.start("other", picked.Speaker, picked.Cue, true)
	}
	c.start("none", nil, nil, picked.Speaker == nil)
	return c.out
}

// collector gathers the candidates of one quotation and describes them.
type collector struct {
	f        *finder
	u        *unit
	k, q     int
	pickRule string
	picked   bool // the rules' choice is among them
	alone    bool
	quote    []string // features of the quotation
	inside   map[int]bool
	key      []byte // of the feature at hand
	over     string // how the frame next before the quotation is tied to those before it
	out      []candidate
}

// quotation describes the quotation itself, and remembers who is named in it.
func (c *collector) quotation() {
	s := &c.f.stretches[c.q]
	d := c.f.doc
	add := func(name string) { c.quote = append(c.quote, name) }
	switch d.Tokens[s.EndToken-1].Text {
	case ",":
		add("ends,")
	case ".":
		add("ends.")
	case "?", "!", "…":
		add("ends?")
	default:
		add("open")
	}
	if r := firstRune(d.Tokens[s.FirstToken].Text); r >= 'a' && r <= 'z' {
		add("low")
	} else {
		add("up")
	}
	switch n := s.EndToken - s.FirstToken; {
	case n <= 3:
		add("short")
	case n <= 8:
		add("middling")
	default:
		add("long")
	}
	if c.alone {
		add("alone")
	}
	first := d.Tokens[s.FirstToken].Sentence
	if c.u.first == s.first && (first == 0 || d.Sentences[first-1].Paragraph != d.Sentences[first].Paragraph) {
		add("opens-paragraph")
	}
	if c.q > 0 && c.f.found[c.q-1] != nil {
		switch p := c.f.stretches[c.q-1]; {
		case d.Sentences[d.Tokens[p.FirstToken].Sentence].Paragraph == c.u.paragraph:
			add("after-quote")
		case d.Sentences[d.Tokens[p.FirstToken].Sentence].Paragraph == c.u.paragraph-1:
			add("quote-above")
		}
	}
	for m := c.f.mentionFrom(s.Start); m < len(c.f.mentions) && c.f.mentions[m].Start < s.End; m++ {
		if c.inside == nil {
			c.inside = map[int]bool{}
		}
		c.inside[c.f.mentions[m].Entity] = true
	}
}

// place says where a frame of the quotation's own unit stands to it.
func (c *collector) place(g *frame) string {
	u, k := c.u, c.k
	switch {
	case g.according && g.cueFirst < k:
		return "according"
	case g.according:
		return "according-later"
	case g.cueFirst > k && g.clauseFirst > k && g.clauseFirst <= k+3 && u.only(k+1, g.clauseFirst):
		return "after"
	case g.cueFirst > k && u.breaks(k+1, g.clauseFirst):
		return "far-later"
	case g.cueFirst > k:
		return "later"
	case g.after <= k && u.only(g.after, k):
		return "before"
	case !u.breaks(g.cueEnd, k):
		return "clause"
	}
	return "earlier"
}

// frame adds the speaker of a frame of unit u.
func (c *collector) frame(u *unit, g *frame, where string, between int, picked bool) {
	s := u.speaker(g)
	if s == nil {
		return
	}
	var said *Cue
	if g.cueEnd > g.cueFirst && g.cueFirst >= 0 && g.verb.Lemma != "" {
		said = u.expression(g.cueFirst, g.cueEnd)
	}
	add := c.start(where, s, said, picked)
	class := "none"
	switch v := g.verb.Class; {
	case v&cue.Say != 0:
		class = "say"
	case v&cue.Call != 0:
		class = "call"
	case v&cue.Direct != 0:
		class = "direct"
	case v&cue.Urge != 0:
		class = "urge"
	case v&cue.Show != 0:
		class = "show"
	case v&cue.Think != 0:
		class = "think"
	}
	add(where, class)
	add("lemma", g.verb.Lemma)
	add(where+g.verb.Lemma, "")
	switch {
	case g.passive:
		add(where, "passive")
	case g.participle:
		add(where, "participle")
	case g.inverted:
		add(where, "inverted")
	}
	if g.negated {
		add(where, "negated")
	}
	if g.that {
		add(where, "that")
	}
	if u == c.u {
		if c.over != "" && g.cueFirst < c.k {
			add(where, c.over)
		}
		switch l := u.at(g.clauseFirst - 1).low; {
		case u.relative(g):
			if between == 0 && g.cueFirst < c.k {
				c.over = "over-relative"
			}
			add(where, "relative")
			add("relative", class)
		case u.nested(g):
			add(where, "nested")
			add("nested", g.verb.Lemma)
			if between == 0 && g.cueFirst < c.k {
				c.over = "over-nested"
			}
		case l == "and" || l == "but" || l == "while" || l == "though" || l == "although" || l == "as":
			add(where, "coordinate")
			if between == 0 && g.cueFirst < c.k {
				c.over = "over-coordinate"
			}
			add(where, l)
		}
	}
	switch {
	case between == 0:
		add(where, "nearest")
	case between == 1:
		add(where, "second")
	default:
		add(where, "further")
	}
	if u == c.u {
		d := c.k - g.cueEnd
		if d < 0 {
			d = g.clauseFirst - c.k
		}
		switch {
		case d <= 3:
			add(where, "beside")
		case d <= 8:
			add(where, "near")
		case d <= 20:
			add(where, "away")
		default:
			add(where, "far")
		}
	} else {
		if g.clauseFirst == 0 {
			add(where, "opening")
		}
		if g.after >= len(u.items) && u.at(len(u.items)-1).low == ":" {
			add(where, "announces") // "Smith said:", and the words in a paragraph of their own
		}
	}
}

// subject adds the subject of the last verb before item i that has one.
func (c *collector) subject(u *unit, where string, i int, fr *frame) {
	first, end, head := u.subjectOfVerbBefore(i, 0)
	if first < 0 {
		return
	}
	picked := fr != nil && !c.picked && fr.subjFirst == first && fr.subjEnd == end
	if c.has(u, first, end) {
		return
	}
	if s := u.speaker(&frame{subjFirst: first, subjEnd: end, head: head}); s != nil {
		rule := where
		if picked {
			rule = c.pickRule
		}
		c.start(rule, s, nil, picked)
	}
}

// subjects adds the subjects of the finite verbs around the quotation.
func (c *collector) subjects(u *unit, k int) {
	const back, ahead, most = 50, 25, 4
	add := func(i int, where string) bool {
		it := &u.items[i]
		if it.kind != word || !finite(it) || i > 0 && finite(&u.items[i-1]) {
			return false
		}
		j := i - 1
		for j >= 0 && u.items[j].kind == word && (u.items[j].tag == "RB" || adverb(u.items[j].low)) {
			j--
		}
		u.steps = 0
		first, end, head := u.subjectLeft(j, 0)
		if first < 0 || c.has(u, first, end) {
			return false
		}
		s := u.speaker(&frame{subjFirst: first, subjEnd: end, head: head})
		if s == nil {
			return false
		}
		o := c.start(where, s, nil, false)
		o("verb", it.low)
		o(where, prior(u, first))
		if i+1 < k && u.breaks(i+1, k) || i > k && u.breaks(k+1, first) {
			o(where, "across")
		}
		return true
	}
	n := 0
	for i := k - 1; i >= 0 && i > k-back && n < most; i-- {
		if add(i, "verb-before") {
			n++
		}
	}
	n = 0
	for i := k + 1; i < len(u.items) && i < k+ahead && n < 2; i++ {
		if add(i, "verb-after") {
			n++
		}
	}
}

// names adds the names and pronouns around the quotation that no other candidate has.
func (c *collector) names(u *unit, k int) {
	const back, ahead, most = 40, 15, 4
	add := func(i int, where string) bool {
		if u.mentionAt(i) < 0 || c.has(u, i, i+1) {
			return false
		}
		s := u.speaker(&frame{subjFirst: i, subjEnd: i + 1, head: i})
		if s == nil {
			return false
		}
		o := c.start(where, s, nil, false)
		o(where, prior(u, i))
		if i+1 < len(u.items) {
			o(where, "then-"+neighbour(&u.items[i+1]))
		}
		d := k - i
		if d < 0 {
			d = -d
		}
		if d <= 4 {
			o(where, "near")
		}
		return true
	}
	n := 0
	for i := k - 1; i >= 0 && i > k-back && n < most; i-- {
		if add(i, "name-before") {
			n++
		}
	}
	n = 0
	for i := k + 1; i < len(u.items) && i < k+ahead && n < 2; i++ {
		if add(i, "name-after") {
			n++
		}
	}
}

// prior says what stands before item i.
func prior(u *unit, i int) string {
	if i == 0 {
		return "first"
	}
	switch low := u.items[i-1].low; low {
	case "by", "to", "of", "in", "for", "from", "per", "as", "with", "on", "at", "than", "that", "about":
		return "after-" + low
	}
	return "after-" + neighbour(&u.items[i-1])
}

// has reports whether a candidate's expression covers items [first, end) of a unit.
func (c *collector) has(u *unit, first, end int) bool {
	s := u.spanOf(first, end)
	for _, o := range c.out {
		if o.speaker != nil && o.speaker.Expression != nil && o.speaker.Overlaps(s) {
			return true
		}
	}
	return false
}

// carried adds the speaker of an earlier quotation.
func (c *collector) carried(where string, p int, b *Quote, picked bool) {
	d, s, before := c.f.doc, &c.f.stretches[c.q], &c.f.stretches[p]
	add := c.start(where, b.Speaker, b.Cue, picked)
	switch gap := d.Tokens[s.FirstToken].Sentence - d.Tokens[before.EndToken-1].Sentence; {
	case gap <= 1:
		add(where, "next-sentence")
	case gap == 2:
		add(where, "one-between")
	case gap <= 4:
		add(where, "few-between")
	default:
		add(where, "many-between")
	}
	switch gap := c.u.paragraph - d.Sentences[d.Tokens[before.FirstToken].Sentence].Paragraph; {
	case gap == 0:
		add(where, "same-paragraph")
	case gap == 1:
		add(where, "next-paragraph")
	default:
		add(where, "later-paragraph")
	}
	if s.Continues {
		add(where, "continues")
	}
	add(where+b.Rule, "")
}

// start adds a candidate and returns what adds further features to it.
func (c *collector) start(where string, s *Speaker, said *Cue, picked bool) func(a, b string) {
	c.out = append(c.out, candidate{rule: where, speaker: s, cue: said})
	at := len(c.out) - 1
	add := func(a, b string) {
		c.key = append(append(append(c.key[:0], a...), '/'), b...)
		o := &c.out[at]
		o.weight += c.f.model.speakers[string(c.key)] // no copy is made of the key
		if c.f.learning {
			o.features = append(o.features, string(c.key))
		}
	}
	add("where", where)
	if picked {
		c.picked = true
		add("picked", c.pickRule)
		add("picked", "")
	} else {
		add(where+"<", c.pickRule)
	}
	for _, q := range c.quote {
		add(where, q)
	}
	if s == nil {
		return add
	}
	kind := c.f.naming(s)
	if s.Entity != nil {
		e := &c.f.entities[*s.Entity]
		if kind == "name" {
			kind = e.Type.String()
			if e.Type == ner.Person && s.Expression != nil && s.Expression.Len() == 0 {
				kind = "empty"
			}
		}
		if c.inside[*s.Entity] {
			add("named-inside", "")
			add(where, "named-inside")
		}
		switch n := len(e.Mentions); {
		case n == 1:
			add("mentioned", "once")
		case n <= 3:
			add("mentioned", "seldom")
		default:
			add("mentioned", "often")
		}
	} else if s.Expression != nil {
		add("first", firstWord(lower(s.Text)))
		add("last", lastWord(lower(s.Text)))
	}
	add("kind", kind)
	add(where, kind)
	return add
}

// relative reports whether a frame stands in a relative clause: "an offer that Jones called …",
// "what Jones called …".
func (u *unit) relative(g *frame) bool {
	i := g.clauseFirst - 1
	switch u.at(i).low {
	case "which", "what", "whom":
		return true
	case "that":
		return i > 0 && nounLike(u.at(i-1)) && u.at(i-1).tag != "PRP"
	}
	return false
}

// nested reports whether a frame stands in the clause that another, before it, reports.
func (u *unit) nested(g *frame) bool {
	for i := len(u.known) - 1; i >= 0; i-- {
		o := &u.known[i]
		if o.cueFirst >= g.cueFirst || o.subjFirst < 0 || o.according || o.verb.Class&(cue.Say|cue.Think|cue.Show) == 0 {
			continue
		}
		if g.cueFirst-o.cueEnd > reach {
			return false
		}
		if l := u.at(g.clauseFirst - 1).low; (l == "and" || l == "but" || l == "while" || l == "though" || l == "although") && g.verb.Tense == o.verb.Tense {
			return false // "…, but Jones called it …"
		}
		if o.cueEnd <= g.clauseFirst && o.subjFirst != g.subjFirst && !u.breaks(o.cueEnd, g.cueFirst) {
			return true
		}
	}
	return false
}

// sameSpeaker reports whether two quotations have one speaker.
func sameSpeaker(a, b *Speaker) bool {
	switch {
	case a.Entity != nil && b.Entity != nil:
		return *a.Entity == *b.Entity
	case a.Entity != nil || b.Entity != nil:
		return false
	case a.Expression == nil || b.Expression == nil:
		return a.Expression == b.Expression
	}
	return a.Span == b.Span
}

func firstWord(s string) string {
	for i := range len(s) {
		if s[i] == ' ' || s[i] == '\n' {
			return s[:i]
		}
	}
	return s
}

func lastWord(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ' ' || s[i] == '\n' {
			return s[i+1:]
		}
	}
	return s
}

// mentionFrom is the first mention that starts at the offset or after it.
func (f *finder) mentionFrom(start int) int {
	return sort.Search(len(f.mentions), func(i int) bool { return f.mentions[i].Start >= start })
}

// likeliest picks one of the candidates and gives its probability.
func likeliest(cs []candidate) (best int, p float64) {
	for i := range cs {
		if cs[i].weight > cs[best].weight {
			best = i
		}
	}
	total := 0.0
	for i := range cs {
		total += math.Exp(cs[i].weight - cs[best].weight)
	}
	return best, 1 / total
}
