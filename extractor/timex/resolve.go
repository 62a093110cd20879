package timex

import (
	"github.com/datelinenews/dateline/extractor/text"
)

// resolver turns expressions into points on the calendar, in text order: what was said before
// decides what "the same day" means.
type resolver struct {
	m        *matcher
	doc      *text.Doc
	ref      civil // the article's day; the year is 0 where it is not known
	clock    int   // its time of day in seconds
	anchor   when  // the last point mentioned
	day      when  // the last day mentioned
	sent     int   // the sentence of that day
	next     when  // the last day mentioned, where that is still to come
	nextSent int   // its sentence
	time     when  // the last clock time mentioned
	timeSent int   // its sentence
	quarter  when  // the last quarter mentioned
	period   when  // the last reporting period mentioned, where that was a quarter
	order    DateOrder
	pending  []int   // expressions of the sentence that are not resolved yet
	years    []dated // where the article's day is not known: the years that the text states
	second   bool    // this is the second run, which uses them

	quarterEnded       bool  // the text says that the last quarter has ended, as a fiscal one can early
	prev               when  // the last point
	prevOp             int32 // its op
	prevFirst, prevEnd int   // and its tokens
}

func (r *resolver) known() bool { return r.ref.year != 0 }

// base is what an expression counts from: the last point mentioned that is not longer than a unit,
// or the article's day.
func (r *resolver) base(e *expr, unit int) (when, bool) {
	if e.f[fBase] == baseAnchor {
		if e.f[fKind] == kindNear && r.doc.Tokens[e.first].Sentence > r.sent {
			return when{gran: gDay, day: r.ref}, r.known() // "the day" of another sentence is the article's
		}
		if first, ok := r.anchor.first(); ok && r.known() && r.ref.before(first) && e.f[fOp] == opShift && r.tense(e) < 0 {
			// what was "a day earlier" was not before a day to come
			if r.day.gran != gNone && r.day.day.year != 0 {
				return r.day, true
			}
			return when{gran: gDay, day: r.ref}, true
		}
		if a := r.anchor; a.day.year != 0 && (a.gran <= granOf[unit] || e.f[fOp] == opShift) {
			return a, true
		}
		if r.day.gran != gNone && r.day.day.year != 0 && r.doc.Tokens[e.first].Sentence-r.sent <= 6 {
			return r.day, true
		}
	}
	return when{gran: gDay, day: r.ref}, r.known()
}

// point is the place of an expression on the calendar; false where it says none.
func (r *resolver) point(e *expr) (when, bool) {
	switch e.f[fOp] {
	case opPass, opEdge:
		if e.nsub == 0 {
			return when{}, false
		}
		return r.point(&r.m.arena[e.sub[0]])
	case opDate:
		return r.date(e)
	case opDayRange:
		w, ok := r.date(e)
		last := w
		last.day.day = int(e.f[fB])
		if !ok || last.day.day <= w.day.day || last.day.day > daysIn(max(w.day.year, 4), w.day.month) {
			return w, false
		}
		w.end = &last
		return w, true
	case opSlashed, opDotted:
		return r.slashed(e)
	case opWeekday, opWeekdayWeek:
		return r.weekday(e), true
	case opOffset:
		return r.shiftDays(when{gran: gDay, day: r.speaking(e)}, int(e.f[fNum])/1000), true
	case opUnitRef:
		return r.unitRef(e)
	case opHoliday:
		return r.holiday(e), true
	case opHolidayWeekend:
		w := r.holiday(e)
		w.end = nil
		if w.day.year == 0 {
			return when{gran: gWeekend}, true
		}
		return weekendOf(w.day), true
	case opEdgeDay:
		return r.edgeDay(e)
	case opFiscal:
		y := int(e.f[fYear])
		if y == 0 {
			w := r.stepYear(e)
			y = w.day.year
		}
		return when{gran: gFiscal, n: int(e.f[fB]), day: civil{year: y}}, true
	case opDecade:
		if e.has(fCentury) {
			return when{gran: gCentury, n: int(e.f[fDecade])}, true
		}
		if e.has(fYear) {
			y := int(e.f[fYear])
			if y%10 != 0 {
				return when{}, false
			}
			if y%100 == 0 && y < 2000 {
				return when{gran: gCentury, n: y / 100}, true
			}
			return when{gran: gDecade, n: y / 10}, true
		}
		d := int(e.f[fDecade])
		if d < 100 {
			d += 190
		}
		return when{gran: gDecade, n: d}, true
	case opCentury:
		n := int(e.f[fOrd])
		if n < 1 || n > 30 {
			return when{}, false
		}
		return when{gran: gCentury, n: n - 1, bc: e.has(fBC)}, true
	case opSeason:
		return r.season(e), true
	case opQuarter, opHalf:
		return r.quarterOf(e)
	case opWeekOf:
		w, ok := r.part(e, 0)
		switch {
		case !ok || w.day.day == 0:
			return w, ok
		case int(e.f[fUnit]) == uWeekend:
			return weekendOf(w.day), true
		}
		y, n := w.day.week()
		return when{gran: gWeek, day: civil{year: y}, n: n}, true
	case opEdgeUnit: // "end of month": of this one
		if int(e.f[fUnit]) < uDay {
			return when{}, false
		}
		return r.step(when{gran: gDay, day: r.ref}, int(e.f[fUnit]), 0), true
	case opNthMonth:
		w, ok := r.part(e, 0)
		n := int(e.f[fOrd])
		if n < 0 {
			n = 12
		}
		return when{gran: gMonth, day: civil{year: w.day.year, month: n}}, ok && 1 <= n && n <= 12
	case opNthWeekday:
		w, ok := r.part(e, 0)
		if !ok || w.day.year == 0 || w.day.month == 0 {
			return when{gran: gDay, weekday: int(e.f[fWeekday])}, ok
		}
		c := nthWeekday(w.day.year, w.day.month, int(e.f[fOrd]), int(e.f[fWeekday]))
		return when{gran: gDay, day: c}, c.day != 0
	case opNthWeek, opNthWeekend:
		return r.nthWeek(e)
	case opInAnchor:
		return r.inAnchor(e)
	case opShift:
		return r.shift(e)
	case opYearAgo:
		return r.yearAgo(e)
	case opSame:
		return r.same(e)
	case opYearEnd:
		w := when{gran: gYear, day: civil{year: r.ref.year}}
		if r.known() && r.ref.month <= 2 && r.tense(e) < 0 {
			w.day.year-- // "had more at year's end", told in January
		} else if e.first > 0 && r.known() {
			switch r.doc.Tokens[e.first-1].Text {
			case "since", "from", "than", "Since", "From":
				if e.end < len(r.m.atoms) && r.m.atoms[e.end].cls&clsNoun != 0 {
					break // "from the year-end rush"
				}
				w.day.year--
			}
		}
		if e.has(fDay) && w.day.year != 0 { // books close on the last day
			w.gran, w.day.month, w.day.day = gDay, 12, int(e.f[fDay])
		}
		return w, true
	case opYearSpan:
		return r.yearSpan(e)
	case opRef:
		return when{gran: gRef, ref: int(e.f[fKind])}, true
	case opClock:
		return r.clockTime(e)
	case opPart:
		return r.dayPart(e)
	}
	return when{}, false
}

// weekendOf is the weekend nearest to a day: a Monday or Tuesday ends one.
func weekendOf(c civil) when {
	d := 6 - c.weekday() // to the Saturday of its week
	if d >= 4 {
		d -= 7
	}
	y, n := c.addDays(d).week()
	return when{gran: gWeekend, day: civil{year: y}, n: n}
}

// part is the point of an expression's k-th part.
func (r *resolver) part(e *expr, k int8) (when, bool) {
	if k >= e.nsub {
		return when{}, false
	}
	return r.point(&r.m.arena[e.sub[k]])
}

func (r *resolver) shiftDays(w when, n int) when {
	if w.day.year != 0 {
		w.day = w.day.addDays(n)
	}
	return w
}

// date reads year, month and day, where some may be missing.
func (r *resolver) date(e *expr) (when, bool) {
	w := when{gran: gDay, day: civil{int(e.f[fYear]), int(e.f[fMonth]), int(e.f[fDay])}}
	if y := w.day.year; e.has(fYear) && y < 100 && !e.has(fBC) {
		w.day.year = twoDigitYear(y)
	}
	switch {
	case e.has(fDay) && !e.has(fMonth):
		return r.dayOfMonth(w, int(e.f[fWeekday]))
	case e.has(fDay):
		if w.day.day < 1 || w.day.day > 31 || w.day.month < 1 || w.day.month > 12 {
			return w, false
		}
		y := w.day.year
		if y == 0 {
			y = 2000
		}
		if w.day.day > daysIn(y, w.day.month) {
			return w, false
		}
	case e.has(fMonth):
		w.gran = gMonth
		if w.day.month < 1 || w.day.month > 12 {
			return w, false
		}
	default:
		w.gran, w.bc = gYear, e.f[fBC] == 1
		return w, w.day.year != 0
	}
	if w.day.year == 0 && e.f[fKind] == kindAttacks && w.day.day == 11 {
		w.day.year = 2001 // "the September 11 attacks"
	}
	if w.day.year == 0 {
		switch {
		case e.has(fYearDir):
			w.day.year = r.yearDir(int(e.f[fYearDir]))
		case e.has(fDir) && !e.has(fDay):
			w.day.year = r.directed(w, e)
		case e.has(fDir) && !e.has(fWeekday) && r.known():
			w.day.year = r.ref.year
			switch {
			case e.f[fDir] == dirLast && r.ref.before(w.day) || e.f[fDir] == dirLast && w.day == r.ref:
				w.day.year-- // "last Oct. 1"
			case e.f[fDir] == dirNext && !r.ref.before(w.day):
				w.day.year++
			}
		default:
			w.day.year, w.inferred = r.guessYear(w, e)
			if e.has(fWeekday) && e.has(fDay) && r.known() {
				w.day.year = weekdayYear(w.day, int(e.f[fWeekday]))
			}
		}
	}
	return w, true
}

// weekdayYear is the year in which a day of a month is a weekday: the one guessed, or the only one
// of its neighbours.
func weekdayYear(c civil, weekday int) int {
	y := c.year
	before, after := civil{y - 1, c.month, c.day}, civil{y + 1, c.month, c.day}
	switch {
	case !c.valid() || c.weekday() == weekday:
	case before.valid() && before.weekday() == weekday:
		return y - 1
	case after.valid() && after.weekday() == weekday:
		return y + 1
	}
	return y
}

// dayOfMonth reads "Tuesday the 14th": the nearest month in which that day is that weekday.
func (r *resolver) dayOfMonth(w when, weekday int) (when, bool) {
	if !r.known() {
		return w, true
	}
	first := civil{r.ref.year, r.ref.month, 1}
	for _, step := range [...]int{0, -1, 1, -2, 2} {
		c := first.addMonths(step)
		c.day = w.day.day
		if c.valid() && (weekday == 0 || c.weekday() == weekday) {
			w.day = c
			return w, true
		}
	}
	return w, false
}

// yearDir is the year of "of last year"; 0 where it is not known.
func (r *resolver) yearDir(dir int) int {
	if dir == dirThat && r.anchor.day.year != 0 {
		return r.anchor.day.year
	}
	if !r.known() {
		return 0
	}
	switch dir {
	case dirLast:
		return r.ref.year - 1
	case dirNext:
		return r.ref.year + 1
	}
	return r.ref.year
}

// directed is the year of "last October" and "this coming May".
func (r *resolver) directed(w when, e *expr) int {
	base := r.ref
	if e.f[fBase] == baseAnchor && r.anchor.day.year != 0 {
		base = r.anchor.day
	}
	if base.year == 0 {
		return 0
	}
	switch e.f[fDir] {
	case dirLast:
		if w.day.month >= base.month || w.day.month == base.month-1 && e.f[fKind] != kindNear && e.f[fBase] == baseRef {
			return base.year - 1 // the month before is "last month", so that its name is of another year
		}
	case dirNext:
		if w.day.month <= base.month {
			return base.year + 1
		}
	}
	return base.year
}

// slashed reads 1/14/2025 and 14.01.2025.
func (r *resolver) slashed(e *expr) (when, bool) {
	a, b, y := int(e.f[fA]), int(e.f[fB]), int(e.f[fYear])
	noYear := !e.has(fYear)
	if noYear && a == 9 && b == 11 && !e.has(fDir) && !e.has(fWeekday) {
		return when{gran: gDay, day: civil{2001, 9, 11}}, true // "since 9/11"
	}
	if noYear {
		y = 2000
	}
	if y < 100 {
		y = twoDigitYear(y)
	}
	dayFirst := r.order == DayFirst || e.f[fOp] == opDotted
	month, day := a, b
	if dayFirst {
		month, day = b, a
	}
	if month > 12 {
		month, day = day, month
	}
	c := civil{y, month, day}
	w := when{gran: gDay, day: c}
	if !c.valid() || y > 2200 {
		return w, false
	}
	if noYear {
		w.day.year = 0
		w.day.year, w.inferred = r.guessYear(w, e)
	}
	return w, true
}

// weekday reads "Monday", "last Friday", "Monday last week".
func (r *resolver) weekday(e *expr) when {
	wd := int(e.f[fWeekday])
	base, ok := r.base(e, uDay)
	if !ok || base.day.day == 0 {
		base.day = r.ref
	}
	if base.day.year == 0 {
		return when{gran: gDay, weekday: wd}
	}
	d := mod7(wd - base.day.weekday()) // days ahead
	switch {
	case e.f[fOp] == opWeekdayWeek:
		d = wd - base.day.weekday()
		switch e.f[fDir] {
		case dirLast:
			d -= 7
		case dirNext:
			d += 7
		}
	case e.has(fSign): // two Mondays ago
		n := int(min(e.f[fNum], 1000_000)) / 1000
		if e.f[fSign] < 0 {
			d -= 7 * n
			break
		}
		if d == 0 {
			d = 7
		}
		d += 7 * (n - 1)
	case e.f[fKind] == kindTwice: // Friday week
		if d == 0 {
			d = 7
		}
		d += 7
	case e.f[fDir] == dirNext && e.f[fBase] != baseAnchor && e.f[fKind] != kindNear:
		d = wd - base.day.weekday() + 7
	case e.f[fDir] == dirLast && e.f[fBase] != baseAnchor && e.f[fKind] != kindNear:
		if d = wd - base.day.weekday()%7 - 7; d == 0 { // on a Sunday, "last Friday" is two days ago
			d = -7
		}
	case e.f[fDir] == dirNext:
		if d == 0 {
			d = 7
		}
	case e.f[fDir] == dirLast:
		d -= 7
	case e.f[fDir] == dirThis && e.f[fBase] == baseAnchor:
		if d > 0 {
			d -= 7
		}
	case d > 0 && r.followed(e, clsOver), d >= 5 && r.overdue(e):
		d -= 7
	case 1 < d && d <= 3 && r.modal(e, "would", "'d", "’d"): // "said they would meet Monday"
	case d == 1:
		if r.tense(e) < 0 && !r.deadline(e) {
			d -= 7
		}
	case d > 0 && !r.future(e) && !r.deadline(e):
		d -= 7
	case d == 0 && e.f[fOp] == opWeekday && r.clock >= 12*3600 && r.will(e):
		d = 7
	}
	if last := r.until(e); last != 0 && !e.has(fDir) && !r.future(e) && r.tense(e) < 0 {
		// "they met from Monday to Friday": both are over
		if d = mod7(wd-base.day.weekday()) - 7; d+mod7(last-wd) > 0 {
			d -= 7
		}
	}
	// d == 0 is today, for papers write "on Monday" on Mondays; but "will meet on Monday", written
	// after noon, is next week's.
	return when{gran: gDay, day: base.day.addDays(d)}
}

// unitRef reads "last week", "the following day", "that year".
func (r *resolver) unitRef(e *expr) (when, bool) {
	step := 0
	switch e.f[fDir] {
	case dirLast:
		step = -1
	case dirNext:
		step = 1
	}
	if e.f[fKind] == kindTwice {
		step *= 2
	}
	unit := int(e.f[fUnit])
	base, _ := r.base(e, unit)
	if step == 0 && e.f[fBase] == baseAnchor && r.known() && base.day.year != 0 &&
		(unit == uYear && base.day.year > r.ref.year || base.day.year < r.ref.year && r.tense(e) > 0) {
		base = when{gran: gDay, day: r.ref} // "by 2030 they will double; for the full year they fell"
	}
	if unit == uQuarter && e.f[fBase] == baseAnchor {
		if w, ok := r.endedIn(e); ok && e.f[fDir] == dirThis && r.quarter.gran != gQuarter {
			return w, true
		}
		if r.quarter.gran == gQuarter {
			base = r.quarter
			if first, ok := base.first(); ok && e.f[fKind] == kindLatest && !r.quarterEnded && r.ref.before(first.addMonths(3)) && first.before(r.ref) {
				step-- // it is not over yet
			}
		} else if e.f[fKind] == kindLatest {
			step-- // the latest quarter is the last that is complete
		}
	}
	if unit == uWeekend && step < 0 && e.f[fKind] == kindLatest && r.known() && r.ref.weekday() < 6 && (r.tense(e) > 0 || r.ahead(e)) {
		step = 0 // "by the weekend it will be over"
	}
	if unit == uWeekend && step == 0 && e.f[fBase] == baseRef && r.known() && r.ref.weekday() <= 2 && r.tense(e) <= 0 {
		step = -1 // on a Monday, "this weekend" is the one just over
	}
	return r.step(base, unit, step), true
}

func (r *resolver) stepYear(e *expr) when {
	step := 0
	switch e.f[fDir] {
	case dirLast:
		step = -1
	case dirNext:
		step = 1
	}
	return r.step(when{gran: gDay, day: r.ref}, uYear, step)
}

// step is the unit that lies step units from the one that holds base.
func (r *resolver) step(base when, unit, step int) when {
	c := base.day
	known := c.year != 0
	if known && c.month == 0 {
		if first, ok := base.first(); ok && unit <= uHalf && base.gran != gYear {
			c = first
		}
	}
	out := when{gran: granOf[unit]}
	if unit == uNight {
		out.part = partNight
	}
	if !known {
		out.n = -1 // the century 0 is the first
		return out
	}
	switch unit {
	case uSecond, uMinute, uHour:
		return when{gran: gRef, ref: 1}
	case uDay, uNight:
		if c.day == 0 {
			out.day = c
			if base.gran != gMonth && base.gran != gYear {
				out.day = civil{year: c.year}
			}
			return out
		}
		out.day = c.addDays(step)
	case uWeek, uFortnight, uWeekend:
		if c.day == 0 {
			out.day.year = c.year
			return out
		}
		y, n := c.addDays(7 * step).week()
		out.day.year, out.n = y, n
	case uMonth:
		if c.month == 0 {
			out.day.year = c.year
			return out
		}
		c.day = 1
		out.day = c.addMonths(step)
		out.day.day = 0
	case uQuarter:
		if base.gran == gQuarter {
			c.month = base.n*3 - 2
		}
		if c.month == 0 {
			out.day.year = c.year
			return out
		}
		c.day = 1
		c = c.addMonths(3 * step)
		out.day.year, out.n = c.year, (c.month+2)/3
	case uHalf:
		if c.month == 0 {
			out.day.year = c.year
			return out
		}
		c.day = 1
		c = c.addMonths(6 * step)
		out.day.year, out.n = c.year, (c.month+5)/6
	case uYear:
		out.day.year = c.year + step
	case uDecade:
		out.n = c.year/10 + step
	case uCentury:
		out.n = c.year/100 + step
	default:
		return when{}
	}
	return out
}

// yearSpan reads "1984-85": from a year to a later one, of which the text has the last two digits.
func (r *resolver) yearSpan(e *expr) (when, bool) {
	first := int(e.f[fYear])
	last := first - first%100 + int(e.f[fB])
	if last < first {
		last += 100
	}
	return when{gran: gYear, day: civil{year: first}, end: &when{gran: gYear, day: civil{year: last}}}, first < last && last-first < 50
}

// endedIn reads "the quarter ended July 31": the quarter that holds the middle of the three months.
func (r *resolver) endedIn(e *expr) (when, bool) {
	if e.end >= len(r.doc.Tokens) || !r.known() {
		return when{}, false
	}
	switch r.doc.Tokens[e.end].Text {
	case "ended", "ending":
	default:
		return when{}, false
	}
	for _, k := range r.pending {
		n := r.inner(&r.m.arena[k])
		if n.first != e.end+1 {
			if n.first < e.end {
				continue
			}
			break
		}
		if n.f[fOp] != opDate || !n.has(fMonth) {
			break
		}
		d, ok := r.date(n)
		if !ok || d.day.year == 0 {
			break
		}
		c := civil{d.day.year, d.day.month, 1}.addMonths(-1)
		return when{gran: gQuarter, n: (c.month + 2) / 3, day: civil{year: c.year}}, true
	}
	return when{}, false
}

// ahead reports whether the words before an expression look forward to it: "by the weekend".
func (r *resolver) ahead(e *expr) bool {
	if e.first == 0 {
		return false
	}
	toks := r.doc.Tokens
	switch lower(toks[e.first-1].Text) {
	case "by", "before", "until", "till":
		return true
	case "of":
		return e.first > 1 && toks[e.first-2].Text == "ahead"
	}
	return false
}
