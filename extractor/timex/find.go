package timex

import (
	"strings"
	"sync"
	"time"

	"github.com/datelinenews/dateline/extractor/text"
)

var finders = sync.Pool{New: func() any { return new(finder) }}

// finder is what one Find needs.
type finder struct {
	m   matcher
	r   resolver
	loc *time.Location
	out []Date

	trace func(*expr, *matcher) // of tests: called with every match that is kept
}

const (
	reach    = 12 // tokens from the start of an expression to its first core word, at most
	mostHeld = 64 // expressions held for looking ahead

	mostMatches = 4096 // matches held: what one sentence of a news article needs many times over
)

// run matches the grammar at every token from which a core word can be reached.
func (f *finder) run(doc *text.Doc) {
	m, g := &f.m, f.m.g
	top := &g.groups[g.top]
	core := -1
	f.reset()
	sentence, done := 0, 0
	for i := 0; i < len(m.atoms); {
		if core < i {
			core = i
			for core < len(m.atoms) && m.atoms[core].cls&coreClasses == 0 {
				core++
			}
			if core == len(m.atoms) {
				break
			}
			i = max(i, core-reach)
		}
		a := &m.atoms[i]
		if a.word != 0 && top.words[a.word/64]&(1<<(a.word%64)) == 0 || a.word == 0 && a.cls&top.classes == 0 || core-i > reach {
			i++
			continue
		}
		if s := doc.Tokens[i].Sentence; s != sentence || len(f.r.pending) >= mostHeld || len(m.arena) > mostMatches {
			f.flush()
			sentence = s
		}
		index, end := m.group(g.top, i)
		if end == 0 || !f.accept(&m.arena[index]) {
			i++
			continue
		}
		if f.trace != nil {
			f.trace(&m.arena[index], m)
		}
		if m.arena[index].f[fOp] != opNone {
			f.preceded(index, done)
			f.r.pending = append(f.r.pending, index)
			end = f.continued(index, end)
		}
		i, done = end, end
	}
	f.flush()
}

// continued takes the days that go on from a day of a month: "March 15 to 17", "December 5 and 6".
// It gives the token after them.
func (f *finder) continued(index, end int) int {
	m := &f.m
	for n := 0; n < 8 && end+1 < len(m.atoms) && !m.atoms[end].breaks && !m.atoms[end+1].breaks; n++ {
		in := f.r.inner(&m.arena[index])
		if in.f[fOp] != opDate || !in.has(fMonth) || !in.has(fDay) || in.has(fYear) || in.end != end || m.atoms[end-1].cls&(clsDay|clsDayOrd) == 0 {
			return end
		}
		switch f.r.doc.Tokens[end].Text {
		case "to", "and", "or", "until", "through", "till", "&":
		case ",": // "January 5, 6 and 7": the row goes on
			if end+3 >= len(m.atoms) || m.atoms[end+1].cls&(clsDay|clsDayOrd) == 0 || m.atoms[end+3].cls&(clsDay|clsDayOrd) == 0 || m.atoms[end+3].breaks {
				return end
			}
			switch f.r.doc.Tokens[end+2].Text {
			case "and", "or", "&", ",":
			default:
				return end
			}
		default:
			return end
		}
		next, last := m.group(m.g.cont, end+1)
		if last == 0 {
			return end
		}
		e := m.arena[next]
		if f.trace != nil {
			f.trace(&e, m)
		}
		e.put(fMonth, in.f[fMonth])
		m.arena = append(m.arena, e)
		index, end = len(m.arena)-1, last
		f.r.pending = append(f.r.pending, index)
	}
	return end
}

// preceded takes the days that stand before a day and its month: "on 5, 6 and 7 January". None
// reaches back to a token before done.
func (f *finder) preceded(index, done int) {
	m := &f.m
	in := f.r.inner(&m.arena[index])
	if in.f[fOp] != opDate || !in.has(fMonth) || !in.has(fDay) || m.atoms[in.first].cls&(clsDay|clsDayOrd) == 0 || m.atoms[in.first].breaks {
		return
	}
	last := in.first
	first := last
	for first-2 >= done && last-first < 16 && m.atoms[first-2].cls&(clsDay|clsDayOrd) != 0 && !m.atoms[first-1].breaks {
		switch f.r.doc.Tokens[first-1].Text {
		case "and", "or", "&", ",":
		default:
			return
		}
		first -= 2
		if m.atoms[first].breaks {
			return
		}
	}
	if first == last || first == 0 {
		return
	}
	before := first - 1
	if before > 0 && m.word(before, "the") {
		before--
	}
	if m.atoms[before].cls&clsPreposition == 0 {
		return // an amount, a score
	}
	for ; first < last; first += 2 {
		e := expr{set: in.set, f: in.f, rule: in.rule, first: first, end: first + 1}
		e.set &^= 1 << fWeekday
		e.put(fDay, m.atoms[first].val)
		m.arena = append(m.arena, e)
		f.r.pending = append(f.r.pending, len(m.arena)-1)
		in = f.r.inner(&m.arena[index])
	}
}

func (f *finder) reset() {
	f.m.arena = f.m.arena[:0]
	f.m.gen++ // what the memo points to is gone
}

// flush resolves the expressions that are held.
func (f *finder) flush() {
	held := f.r.pending
	for k := range held {
		f.r.pending = held[k+1:]
		if d, ok := f.resolve(&f.m.arena[held[k]]); ok {
			f.out = append(f.out, d)
		}
	}
	f.r.pending = held[:0]
	f.reset()
}

// resolve makes a Date of an expression.
func (f *finder) resolve(e *expr) (Date, bool) {
	r := &f.r
	toks := r.doc.Tokens
	d := Date{Span: text.Span{Start: toks[e.first].Start, End: toks[e.end-1].End}}
	d.Text = d.In(r.doc.Text)
	mod := r.mod(e)
	if in := r.inner(e); mod == modNone && in.f[fOp] == opHoliday && r.m.g.holidays[in.f[fHoliday]].rule == 'i' {
		mod = modApprox // the moon may be seen a day earlier or later
	}
	if e.f[fOp] == opYearEnd && !e.has(fDay) {
		mod = modEnd
	}
	if in := r.inner(e); in.f[fOp] == opShift {
		mod = away(mod, in.f[fSign])
	}
	d.Mod = mods[mod]
	switch op, inner := e.f[fOp], r.inner(e); {
	case op == opSet:
		d.Type = TypeSet
		d.Value = r.setValue(e)
		return d, d.Value != ""
	case inner.f[fOp] == opLength || inner.f[fOp] == opSum:
		var a amount
		if !r.amount(inner, &a) {
			return d, false
		}
		if a.unit[0] >= uMonth {
			r.period = when{} // "in the nine months": no quarter is spoken of now
			if r.anchor.gran == gQuarter {
				r.anchor = when{}
			}
		}
		if inner.has(fNum2) && mod == modNone {
			d.Mod = mods[modApprox]
		}
		d.Type, d.Value = TypeDuration, a.value()
		return d, true
	}
	w, ok := r.point(e)
	if !ok {
		return d, false
	}
	if in := r.inner(e); w.gran == gRef && in.f[fOp] == opShift && in.f[fBase] == baseAnchor {
		var a amount
		if r.amount(in, &a) && a.exact() { // "ten days later" than what has no day: how long is known
			d.Type, d.Value = TypeDuration, a.value()
			return d, true
		}
	}
	if ranges(toks, r.prevFirst, r.prevEnd, e.first) {
		w = r.onward(w, e)
	}
	r.prevFirst, r.prevEnd, r.prev, r.prevOp = e.first, e.end, w, r.inner(e).f[fOp]
	if w.gran == gClock && w.prec == precSecond && r.raceTime(e) {
		d.Type = TypeDuration
		var a amount
		for i, unit := range [...]int{uHour, uMinute, uSecond} {
			if n := w.clock / [...]int{3600, 60, 1}[i] % 60; n > 0 {
				a.add(int32(n)*1000, unit)
			}
		}
		d.Value = a.value()
		return d, a.k > 0
	}
	d.Type = TypeDate
	if w.gran == gClock || w.gran == gPart {
		d.Type = TypeTime
	}
	d.Value = w.value()
	d.Inferred = w.inferred && w.day.year != 0
	d.From, d.To = w.interval(mod, f.loc)
	r.remember(w, e)
	return d, d.Value != ""
}

// away is the modifier of a point of which the text modifies how far it is away: "more than two
// years ago" is before the day two years ago.
func away(mod int, sign int32) int {
	switch mod {
	case modMore:
		mod = modAfter
	case modLess:
		mod = modBefore
	case modEqualOrMore:
		mod = modOnOrAfter
	case modEqualOrLess:
		mod = modOnOrBefore
	default:
		return mod
	}
	if sign > 0 {
		return mod
	}
	switch mod {
	case modAfter:
		return modBefore
	case modBefore:
		return modAfter
	case modOnOrAfter:
		return modOnOrBefore
	}
	return modOnOrAfter
}

// inner is the expression that says what kind of thing this is.
func (r *resolver) inner(e *expr) *expr {
	for (e.f[fOp] == opPass || e.f[fOp] == opEdge) && e.nsub > 0 {
		e = &r.m.arena[e.sub[0]]
	}
	return e
}

// mod is the modifier that an expression or one of its parts says.
func (r *resolver) mod(e *expr) int {
	if e.has(fMod) {
		return int(e.f[fMod])
	}
	for i := int8(0); i < e.nsub; i++ {
		if m := r.mod(&r.m.arena[e.sub[i]]); m != modNone {
			return m
		}
	}
	return modNone
}

// remember keeps what later expressions may count from.
func (r *resolver) remember(w when, e *expr) {
	if w.gran <= gRef {
		return
	}
	in := r.inner(e)
	if op := in.f[fOp]; op == opYearAgo || op == opSame || op == opShift && in.f[fSign] < 0 && w.gran >= gMonth {
		return // what is only compared with
	}
	if w.day == (civil{2001, 9, 11}) && !in.has(fYear) {
		return // the name of the attacks
	}
	if first, ok := w.first(); w.gran == gQuarter && ok && r.known() && r.ref.before(first) {
		r.anchor = w
		return // what is to come is no period of a report
	}
	if w.gran == gQuarter {
		r.quarter = w
		r.quarterEnded = e.end < len(r.doc.Tokens) && r.doc.Tokens[e.end].Text == "ended"
	}
	if w.gran == gQuarter || w.gran == gFiscal {
		r.period = w
	}
	r.anchor = w
	if (w.gran == gDay || w.gran == gClock || w.gran == gPart) && w.day.day != 0 && (!r.known() || !r.ref.before(w.day)) {
		r.day = when{gran: gDay, day: w.day, weekday: w.weekday}
		r.sent = r.doc.Tokens[e.first].Sentence
		r.next = when{}
	} else if (w.gran == gDay || w.gran == gClock || w.gran == gPart) && w.day.day != 0 {
		r.next, r.nextSent = when{gran: gDay, day: w.day}, r.doc.Tokens[e.first].Sentence
	}
	if w.gran == gClock {
		r.time, r.timeSent = w, r.doc.Tokens[e.first].Sentence
	}
	if !r.second && w.day.year != 0 && !w.inferred {
		r.years = append(r.years, dated{e.first, w.day.year})
	}
}

// raceTime reports whether a time with seconds is how long a run took, not a time of day: no
// date, zone or half of the day is with it, nor a preposition of time before it.
func (r *resolver) raceTime(e *expr) bool {
	if e.has(fAMPM) || e.has(fZone) || e.has(fLocal) || e.nsub > 0 || e.has(fMonth) {
		return false
	}
	if e.first == 0 {
		return true
	}
	switch lower(r.doc.Tokens[e.first-1].Text) {
	case "at", "by", "until", "since", "from", "before", "after", "around", "about":
		return false
	}
	return true
}

// setValue is the TIMEX3 value of a recurring date.
func (r *resolver) setValue(e *expr) string {
	if e.has(fClock) {
		w, ok := r.timeAndDay(e)
		if !ok {
			return ""
		}
		w.day, w.weekday = civil{}, int(e.f[fWeekday])
		return w.value()
	}
	if e.has(fOrd) && int(e.f[fUnit]) == uMonth && !e.has(fWeekday) {
		return when{gran: gDay, day: civil{day: int(e.f[fOrd])}}.value()
	}
	if e.has(fWeekday) && !e.has(fUnit) {
		w := when{gran: gDay, weekday: int(e.f[fWeekday])}
		if e.has(fPart) {
			w.gran, w.part = gPart, int(e.f[fPart])
		}
		return w.value()
	}
	if e.has(fSeason) {
		return "XXXX-" + seasonCodes[e.f[fSeason]]
	}
	if e.nsub > 0 {
		in := r.inner(&r.m.arena[e.sub[0]])
		if in.f[fOp] == opWeekday {
			return when{gran: gDay, weekday: int(in.f[fWeekday])}.value()
		}
		if in.f[fOp] == opDate && in.has(fMonth) && !in.has(fYear) {
			w := when{gran: gMonth, day: civil{month: int(in.f[fMonth]), day: int(in.f[fDay])}}
			if in.has(fDay) {
				w.gran = gDay
			}
			return w.value()
		}
		return ""
	}
	if e.has(fPart) {
		return "XXXX-XX-XXT" + partCodes[e.f[fPart]]
	}
	unit := int(e.f[fUnit])
	if e.has(fNum) && (unit != uNight && unit != uWeekend || e.f[fNum] != 1000) {
		var a amount
		a.add(e.f[fNum], unit)
		return a.value()
	}
	switch unit {
	case uDay:
		return "XXXX-XX-XX"
	case uNight:
		return "XXXX-XX-XXTNI"
	case uWeekend:
		return "XXXX-WXX-WE"
	case uWeek:
		return "XXXX-WXX"
	case uMonth:
		return "XXXX-XX"
	case uQuarter:
		return "XXXX-QX"
	case uYear:
		return "XXXX"
	}
	var a amount
	a.add(1000, unit)
	return a.value()
}

// dateline looks for the article's own date at the start of its text: "Tuesday, 14 January 2025", or
// "KELL, Jan. 14 (Harbour Post) -".
func (f *finder) dateline() {
	m := &f.m
	doc := f.r.doc
	body := doc.TokenAt(doc.TitleEnd)
	end := min(body+12, len(m.atoms))
	if body >= end {
		return
	}
	if s := doc.Tokens[body].Sentence; doc.Sentences[s].EndToken < end && doc.Paragraphs[doc.Sentences[s].Paragraph].EndSentence == s+1 {
		end = doc.Sentences[s].EndToken
	}
	f.reset()
	for i := body; i < end; i++ {
		index, last := m.group(m.g.top, i)
		if last == 0 {
			continue
		}
		e := f.r.inner(&m.arena[index])
		if e.f[fOp] == opDate && e.has(fDay) && e.has(fMonth) && explicitDateline(doc, body, i, last, e.has(fYear)) {
			if w, ok := f.r.point(e); ok && w.day.valid() && w.day != f.r.ref && f.near(w.day, e.has(fYear)) {
				f.r.ref, f.r.clock = w.day, 12*3600
			}
		}
		break
	}
}

// near reports whether a day can be the dateline of the article: within a year of its publication,
// or, where it names no year, in the month before.
func (f *finder) near(c civil, year bool) bool {
	if !f.r.known() {
		return year
	}
	gap := c.number() - f.r.ref.number()
	if !year {
		return -31 <= gap && gap <= 0
	}
	return -366 <= gap && gap <= 366
}

// explicitDateline reports whether a date, tokens first to end, is set apart as datelines are: it
// is a paragraph of its own, or a dash or a bracket follows it, and before it stands nothing, or a
// place in capitals: "KELL, 14 January 2025 (Harbour Post) -". Without a year it needs the place and
// the dash or bracket: "KELL, Jan. 14 (Harbour Post) -".
func explicitDateline(doc *text.Doc, body, first, end int, year bool) bool {
	if t := doc.Tokens[body].Text; first > body && strings.ToUpper(t) != t {
		return false
	}
	if !year && first == body {
		return false
	}
	if end >= len(doc.Tokens) {
		return year
	}
	p := doc.Sentences[doc.Tokens[body].Sentence].Paragraph
	if last := doc.Sentences[doc.Paragraphs[p].EndSentence-1]; end >= last.EndToken {
		return year
	}
	switch doc.Tokens[end].Text {
	case "-", "–", "—", "--", "(":
		return true
	}
	return false
}
