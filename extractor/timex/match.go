package timex

import "math/bits"

// expr is a match: what its words and its rule say, field by field, and its parts.
type expr struct {
	set        uint64 // which fields are set
	f          [nFields]int32
	sub        [3]int // parts: indices into matcher.arena
	said       [4]int // matches whose saying this one took over, for tests
	nsub       int8
	nsaid      int8
	rule       int16
	first, end int // tokens
}

func (e *expr) has(f field) bool { return e.set&(1<<f) != 0 }

func (e *expr) put(f field, v int32) {
	if f != noField {
		e.set |= 1 << f
		e.f[f] = v
	}
}

// add takes over what o says.
func (e *expr) add(o *expr) {
	for s := o.set; s != 0; s &= s - 1 {
		f := bits.TrailingZeros64(s)
		e.f[f] = o.f[f]
	}
	e.set |= o.set
	for i := int8(0); i < o.nsub && int(e.nsub) < len(e.sub); i++ {
		e.sub[e.nsub] = o.sub[i]
		e.nsub++
	}
}

// matcher holds one run over one article.
type matcher struct {
	g     *grammar
	atoms []atom
	arena []expr
	memo  []memo
	gen   int // of the memo
	steps int // elements tried, for tests
}

// memo remembers what a group took at a token, for the last few tokens.
type memo struct {
	pos   int // token+1
	end   int // 0: nothing
	index int
	gen   int
}

const memoSpan = 32 // tokens; no rule reaches further

// group gives the longest match of a group at token pos: its index in the arena and its end.
func (m *matcher) group(id int16, pos int) (index, end int) {
	if pos >= len(m.atoms) {
		return 0, 0
	}
	slot := &m.memo[int(id)*memoSpan+pos%memoSpan]
	if slot.pos == pos+1 && slot.gen == m.gen {
		return slot.index, slot.end
	}
	best, bestEnd := -1, 0
	gr := &m.g.groups[id]
	a := &m.atoms[pos]
	try := func(list []int16) {
		for _, r := range list {
			e := expr{first: pos}
			end, ok := m.sequence(&m.g.rules[r], 0, pos, &e)
			if !ok || end < bestEnd || end == bestEnd && best >= 0 && r >= m.arena[best].rule {
				continue
			}
			for _, s := range m.g.rules[r].set {
				e.put(s.field, s.value)
			}
			if e.f[fOp] == opSum && !m.descends(&e) {
				continue
			}
			e.rule, e.end = r, end
			m.arena = append(m.arena, e)
			best, bestEnd = len(m.arena)-1, end
		}
	}
	if a.word != 0 {
		try(gr.byWord[a.word])
	} else {
		for c := a.cls & gr.classes; c != 0; c &= c - 1 {
			try(gr.byClass[bits.TrailingZeros64(uint64(c))])
		}
	}
	*slot = memo{pos + 1, bestEnd, best, m.gen}
	return best, bestEnd
}

// descends reports whether the lengths that a sum is made of go from long to short: "two hours and
// a minute" is one length, "two days and a year" are two.
func (m *matcher) descends(e *expr) bool {
	for i := int8(1); i < e.nsub; i++ {
		long, short := m.arena[e.sub[i-1]].f[fUnit], m.arena[e.sub[i]].f[fUnit]
		if short >= long || long > uDay && short < uDay {
			return false
		}
	}
	return true
}

// sequence matches the rule's elements from k on at token pos, and gives where the match ends.
func (m *matcher) sequence(r *rule, k, pos int, e *expr) (int, bool) {
	first := e.first
	if k == len(r.elements) {
		return pos, true
	}
	m.steps++
	el := &r.elements[k]
	if el.look != 0 {
		at := pos
		if el.look < 0 {
			at--
		} else {
			at += int(el.look) - 1
		}
		if m.beside(el, at) == el.not {
			return 0, false
		}
		return m.sequence(r, k+1, pos, e)
	}
	inside := pos < len(m.atoms) && (pos == first || !m.atoms[pos].breaks) // nothing goes on in the next paragraph
	if inside && (!el.tight || m.atoms[pos].tight) {
		for i := range el.alts {
			if end, ok := m.alternative(r, k, &el.alts[i], pos, e); ok {
				return end, true
			}
		}
	}
	if el.opt {
		return m.sequence(r, k+1, pos, e)
	}
	return 0, false
}

// beside reports whether the token is one of a look-around element's.
func (m *matcher) beside(el *element, pos int) bool {
	if edge := pos + 1; el.look < 0 && (pos < 0 || edge < len(m.atoms) && m.atoms[edge].breaks) {
		return false
	}
	if pos >= len(m.atoms) || el.look > 0 && m.atoms[pos].breaks {
		return el.stops // the end of the text ends a sentence
	}
	if el.tight && !m.atoms[pos].tight {
		return false
	}
	a := &m.atoms[pos]
	for i := range el.alts {
		switch x := &el.alts[i]; {
		case x.kind == altWord && a.word == x.word && !a.named, x.kind == altClass && a.cls&x.class != 0:
			return true
		}
	}
	return false
}

func (m *matcher) alternative(r *rule, k int, x *alt, pos int, e *expr) (int, bool) {
	a := &m.atoms[pos]
	switch x.kind {
	case altWord:
		if a.word != x.word || a.named {
			return 0, false
		}
		return m.sequence(r, k+1, pos+1, e)
	case altClass:
		if a.cls&x.class == 0 {
			return 0, false
		}
		saved := *e
		m.capture(a, x, e)
		if end, ok := m.sequence(r, k+1, pos+1, e); ok {
			return end, true
		}
		*e = saved
		return 0, false
	case altCardinal, altOrdinal, altWords:
		var v int32
		var end int
		if x.kind == altWords && a.cls&clsNumber != 0 || m.yearThenUnit(pos) {
			return 0, false
		}
		if x.kind != altOrdinal {
			v, end = m.cardinal(pos)
		} else {
			v, end = m.ordinal(pos)
		}
		if end == 0 || x.kind == altWords && x.field == fDay && v > 31_000 {
			return 0, false
		}
		saved := *e
		switch {
		case x.kind != altOrdinal && x.field != fNum:
			e.put(x.field, v/1000)
		case x.kind == altCardinal && e.has(fNum):
			e.put(fNum2, e.f[fNum])
			e.put(fNum, v)
		default:
			e.put(x.field, v)
		}
		if end, ok := m.sequence(r, k+1, end, e); ok {
			return end, true
		}
		*e = saved
		return 0, false
	}
	if x.kind == altHoliday || x.kind == altYear {
		find, field := m.holiday, fHoliday
		if x.kind == altYear {
			find, field = m.yearWords, x.field
		}
		h, end := find(pos)
		if end == 0 {
			return 0, false
		}
		saved := *e
		e.put(field, h)
		if end, ok := m.sequence(r, k+1, end, e); ok {
			return end, true
		}
		*e = saved
		return 0, false
	}
	index, end := m.group(x.group, pos)
	if end == 0 {
		return 0, false
	}
	saved := *e
	if x.kind == altInline {
		e.add(&m.arena[index])
		if int(e.nsaid) < len(e.said) {
			e.said[e.nsaid] = index
			e.nsaid++
		}
	} else if int(e.nsub) < len(e.sub) {
		e.sub[e.nsub] = index
		e.nsub++
	}
	if end, ok := m.sequence(r, k+1, end, e); ok {
		return end, true
	}
	*e = saved
	return 0, false
}

// yearThenUnit reports whether token pos is a year before a unit in the singular ("World Cup 2018
// day five"), which counts nothing.
func (m *matcher) yearThenUnit(pos int) bool {
	return m.atoms[pos].cls&clsYear != 0 && pos+1 < len(m.atoms) && m.atoms[pos+1].cls&clsUnit != 0 && m.atoms[pos+1].cls&clsUnits == 0
}

// capture puts the value of a word of a class into its field.
func (m *matcher) capture(a *atom, x *alt, e *expr) {
	if x.field == noField {
		return
	}
	if a.word != 0 {
		e.put(x.field, m.g.vocab.words[a.word].value(x.class))
		return
	}
	switch x.class {
	case clsClock, clsClockAMPM:
		if x.field == fOffset {
			e.put(fOffset, a.val/3600*100+a.val/60%60)
			return
		}
		e.put(fClock, a.val)
		e.put(fPrec, a.aux&3)
		switch {
		case a.aux&auxAM != 0:
			e.put(fAMPM, 0)
		case a.aux&auxPM != 0:
			e.put(fAMPM, 12)
		}
	case clsMil:
		e.put(fClock, a.aux)
		e.put(fPrec, precMinute)
	case clsDate8:
		e.put(fYear, a.val/10000)
		e.put(fMonth, a.val/100%100)
		e.put(fDay, a.val%100)
	case clsDotClock:
		e.put(fClock, a.val*3600+a.aux/10*60)
		e.put(fPrec, precMinute)
	case clsHour:
		e.put(fClock, a.val*3600)
		e.put(fPrec, precHour)
	case clsStampT:
		e.put(fDay, a.val>>20)
		e.put(fClock, a.val&(1<<20-1))
		e.put(fPrec, a.aux&3)
	case clsDot:
		e.put(fA, a.val/100)
		e.put(fB, a.val%100)
		e.put(fYear, a.aux)
	case clsQ:
		e.put(fOrd, a.val)
		if a.aux != 0 {
			e.put(fYear, a.aux)
		}
	case clsDecade:
		e.put(fDecade, a.val)
		if a.aux != 0 {
			e.put(fCentury, 1)
		}
	default:
		e.put(x.field, a.val)
	}
}

// cardinal reads a number in words or digits at token pos: its value in thousandths and its end,
// 0 where there is none.
func (m *matcher) cardinal(pos int) (milli int32, end int) {
	const most = 2_000_000 // years, days: what has a place in a text fits in thousandths
	a := &m.atoms[pos]
	if a.cls&clsNumber != 0 {
		v, frac := int64(a.val), a.aux
		if a.cls&clsMil != 0 {
			frac = 0
		}
		pos++
		if pos+2 < len(m.atoms) && m.atoms[pos].cls&clsInt2 != 0 && m.atoms[pos+1].word == m.g.vocab.slash && m.atoms[pos+2].cls&clsInt2 != 0 &&
			m.atoms[pos+1].tight && m.atoms[pos+2].tight && m.atoms[pos+2].val > m.atoms[pos].val { // 9 1/2
			frac = 1000 * m.atoms[pos].val / m.atoms[pos+2].val
			pos += 3
		} else if pos < len(m.atoms) && m.atoms[pos].cls&clsFraction != 0 {
			frac = m.value(pos, clsFraction)
			pos++
		}
		for pos < len(m.atoms) && m.atoms[pos].cls&clsScale != 0 && v < most {
			s := int64(m.value(pos, clsScale))
			v, frac = v*s+int64(frac)*s/1000, 0
			pos++
		}
		if v > most {
			return 0, 0
		}
		return int32(v)*1000 + frac, pos //nolint:gosec // at most 2,000,000
	}
	total, part, start := int64(0), int64(0), pos
	frac := int32(0)
	allowed := clsOnes | clsTeens | clsTens | clsScale
	if m.word(pos, "a") && pos+1 < len(m.atoms) && m.atoms[pos+1].cls&clsScale != 0 {
		part, allowed = 1, clsScale
		pos++
	}
	for n := 0; pos < len(m.atoms) && n < 10; n++ {
		c := m.atoms[pos].cls & allowed
		switch {
		case c&clsOnes != 0:
			part += int64(m.value(pos, clsOnes))
			allowed = clsScale
		case c&clsTeens != 0:
			part += int64(m.value(pos, clsTeens))
			allowed = clsScale
		case c&clsTens != 0:
			part += int64(m.value(pos, clsTens))
			allowed = clsOnes | clsScale
			if pos+2 < len(m.atoms) && m.word(pos+1, "-") && m.atoms[pos+1].tight && m.atoms[pos+2].tight && m.atoms[pos+2].cls&clsOnes != 0 {
				pos++
			}
		case c&clsScale != 0 && (part > 0 || pos == start):
			s := int64(m.value(pos, clsScale))
			if pos == start {
				return 0, 0 // "hundred years" is no number, and "hundreds" is vague
			}
			part *= s
			allowed = clsOnes | clsTeens | clsTens
			if s >= 1000 {
				total, part = total+part, 0
			} else {
				allowed |= clsScale
			}
			if pos+2 < len(m.atoms) && m.word(pos+1, "and") && m.atoms[pos+2].cls&(clsOnes|clsTeens|clsTens) != 0 {
				pos++
			}
		case pos > start && m.atoms[pos].cls&clsFraction != 0:
			frac = m.value(pos, clsFraction)
			pos++
			n = 10
			continue
		default:
			n = 10
			continue
		}
		pos++
	}
	total += part
	if pos == start || total > most {
		return 0, 0
	}
	return int32(total)*1000 + frac, pos
}

// ordinal reads first, 21st and twenty-first.
func (m *matcher) ordinal(pos int) (n int32, end int) {
	a := &m.atoms[pos]
	switch {
	case a.cls&clsOrdNum != 0:
		return a.val, pos + 1
	case a.cls&clsOrd != 0:
		return m.value(pos, clsOrd), pos + 1
	case a.cls&clsTens != 0:
		tens := m.value(pos, clsTens)
		pos++
		if pos < len(m.atoms) && m.word(pos, "-") {
			pos++
		}
		if pos < len(m.atoms) && m.atoms[pos].cls&clsOrd != 0 && m.value(pos, clsOrd) < 10 {
			return tens + m.value(pos, clsOrd), pos + 1
		}
	}
	return 0, 0
}

func (m *matcher) value(pos int, c class) int32 {
	a := &m.atoms[pos]
	if a.word == 0 {
		return a.val
	}
	return m.g.vocab.words[a.word].value(c)
}

func (m *matcher) word(pos int, w string) bool {
	a := &m.atoms[pos]
	return a.word != 0 && m.g.vocab.words[a.word].text == w
}

// holiday finds the longest name of a holiday at token pos: its index and its end.
func (m *matcher) holiday(pos int) (index int32, end int) {
	a := &m.atoms[pos]
	if a.cls&clsHoliday == 0 {
		return 0, 0
	}
holidays:
	for _, i := range m.g.holidaysAt[a.word] {
		words := m.g.holidays[i].words
		if len(words) <= end-pos || pos+len(words) > len(m.atoms) || len(words) == 2 && a.cls&clsName == 0 && m.word(pos, "new") { // "in the new year"
			continue
		}
		for k, w := range words {
			if m.atoms[pos+k].word != w {
				continue holidays
			}
		}
		index, end = i, pos+len(words)
	}
	return index, end
}

// yearWords reads "nineteen ninety-seven", "twenty twelve" and "two thousand five".
func (m *matcher) yearWords(pos int) (year int32, end int) {
	a := &m.atoms[pos]
	switch {
	case a.cls&clsOnes != 0 && m.value(pos, clsOnes) == 2 && pos+1 < len(m.atoms) && m.word(pos+1, "thousand"):
		v, end := m.cardinal(pos)
		if v < 2000_000 || v >= 2100_000 {
			return 0, 0
		}
		return v / 1000, end
	case a.cls&clsTeens != 0 && m.value(pos, clsTeens) >= 13 || a.cls&clsTens != 0 && m.value(pos, clsTens) == 20:
		century := m.value(pos, a.cls&(clsTeens|clsTens))
		if pos+1 >= len(m.atoms) || m.atoms[pos+1].cls&(clsTeens|clsTens|clsScale) == 0 || m.atoms[pos+1].breaks {
			return 0, 0
		}
		if m.word(pos+1, "hundred") && pos+2 < len(m.atoms) {
			pos++
			if m.word(pos+1, "and") && pos+2 < len(m.atoms) {
				pos++
			}
		}
		v, end := m.cardinal(pos + 1)
		if v < 10_000 || v > 99_000 || v%1000 != 0 {
			return 0, 0
		}
		return century*100 + v/1000, end
	}
	return 0, 0
}

// derivation lists the rules that a match is made of.
func (m *matcher) derivation(e *expr) []int16 {
	out := []int16{e.rule}
	for i := int8(0); i < e.nsub; i++ {
		out = append(out, m.derivation(&m.arena[e.sub[i]])...)
	}
	for i := int8(0); i < e.nsaid; i++ {
		out = append(out, m.derivation(&m.arena[e.said[i]])...)
	}
	return out
}
