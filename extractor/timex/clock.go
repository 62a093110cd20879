package timex

// clockTime reads a time of day, of the day that the expression names, or of the one that the
// text speaks of.
func (r *resolver) clockTime(e *expr) (when, bool) {
	w, ok := r.timeAndDay(e)
	w.zone = zone(e, w.day)
	return w, ok
}

func (r *resolver) timeAndDay(e *expr) (w when, ok bool) {
	w = when{gran: gClock, clock: int(e.f[fClock]), prec: int(e.f[fPrec])}
	part := int(e.f[fPart])
	switch e.f[fKind] {
	case kindOClock:
		h := int(e.f[fNum]) / 1000
		if h < 0 || h > 24 || e.f[fNum]%1000 != 0 {
			return w, false
		}
		w.clock = h * 3600
	case kindQuarter:
		if e.nsub == 0 {
			return w, false
		}
		hour := &r.m.arena[e.sub[0]]
		w.clock = int(hour.f[fClock])
		if hour.has(fAMPM) {
			w.clock = w.clock%43200 + int(hour.f[fAMPM])*3600
		}
		minutes := int(e.f[fNum]) / 1000
		if e.f[fSign] < 0 {
			minutes = -minutes
		}
		if minutes < -59 || minutes > 59 {
			return w, false
		}
		w.clock += minutes * 60
		if w.clock < 0 {
			w.clock += 86400
		}
		w.prec = precMinute
	}
	midnight := w.clock == 86400
	if w.clock == 86400 {
		w.clock = 0
	}
	if w.clock == 0 && e.f[fKind] == 0 && r.m.word(e.first, "midnight") && (r.closing(e) || e.nsub > 0 && !r.m.atoms[e.first].breaks && (e.first == 0 || r.doc.Tokens[e.first-1].Text != "after")) {
		midnight = true // "midnight Sunday" ends the Sunday
	}
	if midnight { // the day's end is the next one's start
		defer func() {
			if w.day.year != 0 && w.day.day != 0 {
				w.day = w.day.addDays(1)
			}
		}()
	}
	if w.clock > 86400 {
		return w, false
	}
	h := w.clock / 3600
	switch {
	case e.has(fAMPM):
		if h > 12 {
			if e.f[fAMPM] == 0 {
				return w, false
			}
			break // "14:00 pm"
		}
		w.clock = (h%12+int(e.f[fAMPM]))*3600 + w.clock%3600
	case h < 12 && (part == partAfternoon || part == partEvening || part == partNight && h > 5):
		w.clock += 12 * 3600
	}
	if w.prec == precHour {
		w.prec = precMinute // "9 a.m." is T09:00
	}
	w.zoned = e.has(fZone) || e.has(fOffset)
	for i := int8(0); i < e.nsub; i++ {
		if e.f[fKind] == kindQuarter && i == 0 {
			continue
		}
		d, ok := r.part(e, i)
		if ok && d.gran == gPart && !e.has(fAMPM) && w.clock < 12*3600 &&
			(d.part == partAfternoon || d.part == partEvening || d.part == partNight && w.clock > 5*3600) {
			w.clock += 12 * 3600
		}
		if ok && (d.gran == gDay || d.gran == gPart) {
			w.day, w.weekday = d.day, d.weekday
			return w, true
		}
	}
	if e.has(fMonth) {
		d, ok := r.date(e)
		w.day = d.day
		return w, ok
	}
	if d, ok := r.dayAhead(e); ok {
		w.day, w.weekday = d.day, d.weekday
		return w, true
	}
	d := r.dayNear(e)
	w.day, w.weekday = d.day, d.weekday
	if w.zoned && e.f[fZone] == 0 && !e.has(fOffset) && r.anchor.gran == gClock && !r.anchor.zoned && w.day.day != 0 {
		// "8:30 p.m. (0030 UTC)": the other clock's day is the one that is less than 14 hours off
		switch d := w.clock - r.anchor.clock; {
		case d < -14*3600:
			w.day = w.day.addDays(1)
		case d > 14*3600:
			w.day = w.day.addDays(-1)
		}
	}
	return w, true
}

// dayAhead is the day that a following expression names for this time: "At 9 a.m. (0200 UTC) on
// Tuesday".
func (r *resolver) dayAhead(e *expr) (when, bool) {
	pos := e.end
	for _, k := range r.pending {
		n := &r.m.arena[k]
		if n.first < e.end {
			continue
		}
		for ; pos < n.first; pos++ {
			switch r.doc.Tokens[pos].Text {
			case "on", "(", ")", ",", "[", "]", "{", "}", "of":
			default:
				return when{}, false
			}
		}
		switch n.f[fOp] {
		case opClock:
			pos = n.end
			if n.nsub == 0 {
				continue
			}
			return when{}, false
		case opPass, opPart:
			if n.nsub > 0 {
				if p := &r.m.arena[n.sub[0]]; p.f[fOp] != opNone {
					if w, ok := r.point(p); ok && w.gran == gDay {
						return w, true
					}
				}
			}
		}
		return when{}, false
	}
	return when{}, false
}

// dayNear is the day that the text speaks of: the last mentioned in this sentence or the ones
// before it, else the article's.
func (r *resolver) dayNear(e *expr) when {
	if r.m.atoms[e.first].breaks && r.known() && e.f[fOp] == opClock {
		return when{gran: gDay, day: r.ref} // a running report, whose paragraphs open with the hour
	}
	if r.next.gran != gNone && r.doc.Tokens[e.first].Sentence-r.nextSent <= 1 && r.tense(e) >= 0 {
		return r.next // "on Sunday, 23 February. Polls open at 8 a.m."
	}
	if r.day.gran != gNone && r.doc.Tokens[e.first].Sentence-r.sent <= 6 {
		return r.day
	}
	return when{gran: gDay, day: r.ref}
}

// dayPart reads "Monday morning", "last night", "that evening".
func (r *resolver) dayPart(e *expr) (when, bool) {
	w := when{gran: gPart, part: int(e.f[fPart])}
	w.small = e.f[fKind] == kindSmall && w.part == partMorning
	if e.f[fKind] == kindEvent {
		return w, true // the text says what happened then, not when
	}
	for i := int8(0); i < e.nsub; i++ {
		if d, ok := r.part(e, i); ok {
			if d.gran != gDay {
				return w, false
			}
			w.day, w.weekday = d.day, d.weekday
			return w, true
		}
	}
	if e.has(fDay) {
		d, ok := r.dayOfMonth(when{gran: gDay, day: civil{day: int(e.f[fDay])}}, 0)
		w.day = d.day
		return w, ok
	}
	if e.f[fBase] == baseAnchor {
		d := r.dayNear(e)
		w.day, w.weekday = d.day, d.weekday
		switch {
		case w.day.year == 0 || w.day.day == 0:
		case e.f[fDir] == dirNext:
			w.day, w.weekday = w.day.addDays(1), 0
		case e.f[fDir] == dirLast:
			w.day, w.weekday = w.day.addDays(-1), 0
		}
		return w, true
	}
	w.day = r.speaking(e)
	if e.f[fDir] == 0 && r.next.gran != gNone && r.nextSent == r.doc.Tokens[e.first].Sentence {
		w.day = r.next.day // "will meet on Friday in the late afternoon"
		return w, true
	}
	if e.f[fDir] == 0 && r.day.gran != gNone && r.sent == r.doc.Tokens[e.first].Sentence {
		w.day, w.weekday = r.day.day, r.day.weekday
		return w, true
	}
	if r.known() && e.f[fDir] == dirLast {
		w.day = w.day.addDays(-1)
	}
	return w, true
}

// speaking is the day from which "today" counts: the article's, or in a quotation the day of which
// the text speaks, where that is of the two weeks before ("On Monday he said: “Today we act.”").
func (r *resolver) speaking(e *expr) civil {
	if !r.known() || r.day.gran == gNone || !r.day.day.before(r.ref) || r.ref.number()-r.day.day.number() > 14 {
		return r.ref
	}
	toks := r.doc.Tokens
	s := toks[e.first].Sentence
	if s-r.sent > 2 {
		return r.ref
	}
	first := r.doc.Sentences[r.doc.Paragraphs[r.doc.Sentences[s].Paragraph].FirstSentence].FirstToken
	inside := false
	for i := max(first, e.first-300); i < e.first; i++ {
		switch toks[i].Text {
		case "“", "``", "„":
			inside = true
		case "”", "''":
			inside = false
		case "\"":
			inside = !inside
		}
	}
	if inside {
		return r.day.day
	}
	return r.ref
}

// guessYear is the year of a month, or of a day of a month, that comes without one.
func (r *resolver) guessYear(w when, e *expr) (year int, inferred bool) {
	if y := r.yearBeside(w, e); y != 0 {
		return y, false
	}
	if r.prevOp == opShift && e.first-r.prevEnd <= 2 && r.prev.gran == gDay && r.prev.day.month == w.day.month && r.prev.day.day == w.day.day {
		return r.prev.day.year, false // "a few days later, on May 7"
	}
	if !r.known() {
		return r.nearestYear(e.first), true
	}
	c := w.day
	c.year = r.ref.year
	if w.day.month == 2 && w.day.day == 29 { // the nearest leap year
		for _, step := range [...]int{0, -1, 1, -2, 2, -3, 3} {
			if daysIn(c.year+step, 2) == 29 {
				return c.year + step, false
			}
		}
	}
	tense := r.tense(e)
	if r.term(e) {
		tense = 1
	}
	if w.gran == gMonth {
		ahead := mod12(c.month - r.ref.month)
		if tense <= 0 && (ahead == 1 && r.attribute(e, clsNoun|clsProper) || ahead <= 3 && r.attribute(e, clsScheduled) || ahead <= 9 && r.followed(e, clsScheduled)) {
			// "the meeting in May", told in April; "November's election"
			return c.year + (r.ref.month+ahead-1)/12, false
		}
		if r.modifies(e) { // "the October vote", "a June agreement": the nearest one
			soon := 3
			if tense > 0 {
				soon = 5
			}
			switch {
			case ahead <= soon && c.month < r.ref.month:
				return c.year + 1, false
			case ahead > soon && c.month > r.ref.month:
				return c.year - 1, false
			}
			return c.year, false
		}
		switch {
		case tense == 0 && (c.month > r.ref.month || ahead <= 4) && r.modal(e, "can", "could", "would", "ca", "'d", "’d"):
			return c.year + (r.ref.month+ahead-1)/12, false // "can win in November", in March; "would be paid in January", in October
		case c.month > r.ref.month && (tense < 0 || tense == 0 && c.month > r.ref.month+5):
			return c.year - 1, false
		case c.month < r.ref.month && tense > 0 && r.ref.month-c.month > 3:
			return c.year + 1, false
		}
		return c.year, false
	}
	ahead := c.number() - r.ref.number()
	switch {
	case ahead > 0 && r.followed(e, clsOver):
		return c.year - 1, false // "the Nov. 8 attacks"
	case r.modifies(e) && (tense > 0 && ahead < 0 || tense < 0 && r.followed(e, clsScheduled)):
		tense = 0 // "to break an April 25 ceasefire", "for the Nov. 8 election": the nearest
	}
	switch {
	case ahead > 300 || ahead > 31 && tense < 0 || ahead > 178 && tense == 0:
		return c.year - 1, false
	case ahead < -300 || ahead < -60 && tense > 0 || ahead < -186 && tense == 0:
		return c.year + 1, false
	}
	return c.year, false
}

// modifies reports whether a month stands before the noun of what happens in it.
func (r *resolver) modifies(e *expr) bool {
	if e.end >= len(r.m.atoms) || r.m.atoms[e.end].breaks || r.m.atoms[e.end].cls&coreClasses != 0 {
		return false
	}
	next := r.m.atoms[e.end].cls
	return next&(clsNoun|clsAdjective) != 0 || next&clsProper != 0 && e.first > 0 && r.m.atoms[e.first-1].cls&clsDeterminer != 0
}

// attribute reports whether a preposition and, before it, a word of a class stand before a month:
// what happens in it, as in "a cut in May", need not be over though the verb is in the past.
func (r *resolver) attribute(e *expr, c class) bool {
	if e.first < 2 || r.m.atoms[e.first-1].breaks {
		return false
	}
	return r.m.atoms[e.first-1].cls&clsPreposition != 0 && r.m.atoms[e.first-2].cls&c != 0
}

// followed reports whether the noun that a date stands before is of a class: "the Nov. 8
// presidential election", "Tuesday's deadly attack".
func (r *resolver) followed(e *expr, c class) bool {
	for i := e.end; i < len(r.m.atoms) && i < e.end+4 && !r.m.atoms[i].breaks; i++ {
		a := &r.m.atoms[i]
		if a.cls&c != 0 {
			return true
		}
		if i == e.end && r.doc.Tokens[i].Tag == "POS" {
			continue
		}
		if a.cls&(clsNoun|clsProper|clsAdjective) == 0 {
			return false
		}
	}
	return false
}

// term reports whether the expression is a term: "by March", "extended to Nov. 20".
func (r *resolver) term(e *expr) bool {
	if e.first == 0 {
		return false
	}
	toks := r.doc.Tokens
	before := e.first - 1
	for before > 0 && (toks[before].Text == "mid" || toks[before].Text == "-" || toks[before].Text == "early" || toks[before].Text == "late") {
		before-- // "until mid-November"
	}
	switch lower(toks[before].Text) {
	case "by", "until", "till", "through":
		return true
	case "to":
		for i := e.first - 2; i >= 0 && i >= e.first-9; i-- {
			switch toks[i].Text {
			case "extended", "extend", "postponed", "postpone", "delayed", "delay", "moved", "move", "pushed", "deferred", "rescheduled", "adjourned", "back":
				return true
			}
		}
	}
	return false
}

// yearAgo reads "year-earlier" and "the year-ago quarter".
func (r *resolver) yearAgo(e *expr) (when, bool) {
	unit := int(e.f[fUnit])
	if unit == uYear {
		if n := int(e.f[fOrd]); n >= 1 && n <= 4 && r.known() {
			y := r.ref.year - 1
			if r.quarter.gran == gQuarter {
				y = r.quarter.day.year - 1
			}
			return when{gran: gQuarter, n: n, day: civil{year: y}}, true
		}
		if r.period.gran == gQuarter {
			w := r.period
			w.day.year--
			return w, true
		}
	}
	return r.step(when{gran: gDay, day: r.ref}, unit, -1), true
}

// same reads "the same period of last year": the last quarter or month mentioned, in another year.
func (r *resolver) same(e *expr) (when, bool) {
	year := int(e.f[fYear])
	if year == 0 {
		p, ok := r.part(e, 0)
		if !ok {
			return p, false
		}
		year = p.day.year
	}
	w := r.anchor
	if r.period.gran == gQuarter {
		w = r.period
	}
	switch w.gran {
	case gMonth, gQuarter, gSeason, gHalf:
		w.day.year = year
		return w, true
	}
	return when{gran: gYear, day: civil{year: year}}, true
}

// yearBeside is the year of a date that is joined to this one: "July 13 to 17 of last year",
// "December 2018 and January".
func (r *resolver) yearBeside(w when, e *expr) int {
	toks := r.doc.Tokens
	joined := func(from, to int) bool {
		if to-from < 1 || to-from > 2 {
			return false
		}
		for ; from < to; from++ {
			switch toks[from].Text {
			case "to", "and", "or", "-", "–", "—", "until", "through", ",", "till", "in":
			default:
				return false
			}
		}
		return true
	}
	for _, k := range r.pending {
		n := &r.m.arena[k]
		if n.first >= e.end && joined(e.end, n.first) {
			n = r.inner(n)
			if n.f[fOp] != opDate || !n.has(fMonth) {
				continue
			}
			y := 0
			switch {
			case n.has(fYear):
				y = int(n.f[fYear])
			case n.has(fYearDir):
				y = r.yearDir(int(n.f[fYearDir]))
			}
			if y != 0 && y < 100 {
				y = twoDigitYear(y)
			}
			if y != 0 && w.day.month > int(n.f[fMonth]) {
				y--
			}
			return y
		}
	}
	return 0
}

// nearestYear is the year of the dated expression nearest to a token, 0 where there is none.
func (r *resolver) nearestYear(token int) int {
	best, year := 1<<30, 0
	for _, d := range r.years {
		gap := d.token - token
		if gap < 0 {
			gap = -gap
		}
		if gap < best {
			best, year = gap, d.year
		}
	}
	return year
}

// deadline reports whether "until", "by" or "into" before the expression look forward to it, and no
// "had" stands before that.
func (r *resolver) deadline(e *expr) bool {
	if e.first == 0 {
		return false
	}
	switch lower(r.doc.Tokens[e.first-1].Text) {
	case "until", "till":
		if e.end < len(r.doc.Tokens) && r.doc.Tokens[e.end].Tag == "POS" && r.tense(e) < 0 {
			return false // "until Monday's news, prices fell"
		}
	case "into":
		if e.end < len(r.doc.Tokens) && r.doc.Tokens[e.end].Tag == "POS" {
			return false // "headed into Tuesday's vote"
		}
	case "by":
		return r.tense(e) == 0 // "would leave by Friday"
	default:
		return false
	}
	for i := e.first - 2; i >= 0 && i >= e.first-9; i-- {
		if r.doc.Tokens[i].Text == "had" {
			return false
		}
	}
	return true
}

// closing reports whether something ends at the time: "until midnight", "expires at midnight".
func (r *resolver) closing(e *expr) bool {
	toks := r.doc.Tokens
	for i := e.first - 1; i >= 0 && i >= e.first-2; i-- {
		switch lower(toks[i].Text) {
		case "until", "till", "by", "before", "expire", "expires", "expired", "lapse", "lapses", "ends", "end", "as":
			return true
		case "at", "of", "on":
		default:
			return false
		}
	}
	return false
}
