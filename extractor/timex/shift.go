package timex

// inAnchor reads "later in the day": the last day, week, month or year mentioned.
func (r *resolver) inAnchor(e *expr) (when, bool) {
	unit := int(e.f[fUnit])
	if unit < uDay {
		return when{}, false // "late in the second half"
	}
	var at expr
	at.first = e.first
	at.put(fBase, baseAnchor)
	base, _ := r.base(&at, unit)
	return r.step(base, unit, 0), true
}

// shift reads "two weeks ago", "three days later".
func (r *resolver) shift(e *expr) (when, bool) {
	var a amount
	if !r.amount(e, &a) {
		return when{}, false
	}
	sign := int(e.f[fSign])
	if e.f[fBase] == baseAnchor && (a.unit[a.k-1] == uDay || a.unit[a.k-1] == uNight || a.unit[a.k-1] == uWeek) {
		if w, ok := r.apposed(e); ok {
			return w, true
		}
	}
	if a.k == 1 && a.unit[0] == uYear && sign < 0 && r.period.gran == gQuarter && r.period.day.year != 0 && a.n[0]%1000 == 0 && a.n[0] > 0 {
		w := r.period // earnings are compared with those of the same quarter
		w.day.year -= int(a.n[0]) / 1000
		return w, true
	}
	for i := 0; i < a.k; i++ {
		if a.n[i] == numVague {
			return when{gran: gRef, ref: 2}, true
		}
	}
	unit := a.unit[a.k-1]
	base, ok := r.base(e, unit)
	g := granOf[unit]
	if e.f[fKind] == kindDeictic {
		g = gDay
	}
	if unit == uNight || unit == uWeekend || (unit == uWeek || unit == uFortnight) && (a.n[a.k-1] <= 1000 || a.n[a.k-1] <= 2000 && (!e.has(fMod) || e.f[fMod] == modApprox)) {
		g = gDay // "two weeks ago" is a day; "six weeks ago" and "almost two weeks ago" are weeks
	}
	if e.f[fBase] == baseAnchor && sign > 0 && r.known() && base.day == r.ref && r.anchor.day.year == 0 && r.tense(e) < 0 {
		return when{gran: gRef, ref: kindPast}, true // so long after something of which the text names no day
	}
	if !ok && e.f[fKind] != kindDeictic {
		return when{gran: g}, true
	}
	if e.f[fBase] == baseAnchor && unit <= uFortnight && base.gran > gWeek && base.day.day == 0 {
		return when{gran: gRef, ref: kindPast}, true // "in February they met; four days later": no day to count from
	}
	if e.f[fBase] == baseAnchor && base.gran > gDay && base.gran < g {
		g = base.gran
	}
	if base.gran == gYear && g < gYear && unit < uYear {
		if unit >= uMonth {
			return when{gran: gMonth, day: civil{year: base.day.year}}, true
		}
		return when{gran: g, day: civil{year: base.day.year}}, true
	}
	if e.f[fKind] == kindDeictic {
		if base, ok = r.part(e, 1); !ok || base.day.year == 0 {
			return when{gran: g}, ok
		}
	}
	c := base.day
	clock, prec := 0, precHour
	if unit <= uHour && e.f[fBase] == baseAnchor && r.time.gran == gClock && r.doc.Tokens[e.first].Sentence-r.timeSent <= 3 {
		base = r.time
		c = base.day
	}
	if base.gran == gClock {
		clock, prec = base.clock, base.prec
	} else if e.f[fBase] == baseRef {
		clock = r.clock
	}
	if unit <= uHour && base.gran != gClock && e.f[fBase] == baseAnchor {
		return when{gran: gRef, ref: kindPast}, true // no hour to count from
	}
	if first, ok := base.first(); ok && (c.day == 0 || c.month == 0) {
		c = first
	}
	for i := 0; i < a.k; i++ {
		n := int(a.n[i]) * sign
		switch a.unit[i] {
		case uSecond:
			clock += n / 1000
			prec = max(prec, precMinute)
		case uMinute:
			clock += n * 60 / 1000
			prec = max(prec, precMinute)
		case uHour:
			clock += n * 3600 / 1000
		case uDay, uNight:
			c = c.addDays(n / 1000)
		case uWeek, uWeekend:
			c = c.addDays(n * 7 / 1000)
		case uFortnight:
			c = c.addDays(n * 14 / 1000)
		case uMonth:
			c = c.addMonths(n / 1000)
		case uQuarter:
			c = c.addMonths(n * 3 / 1000)
		case uHalf:
			c = c.addMonths(n * 6 / 1000)
		case uYear:
			if n%1000 != 0 {
				g = min(g, gMonth)
			}
			c = c.addMonths(n * 12 / 1000)
		case uDecade:
			c = c.addMonths(n * 120 / 1000)
		case uCentury:
			c = c.addMonths(n * 1200 / 1000)
		case uMillennium:
			c = c.addMonths(n * 12000 / 1000)
		}
	}
	if c.year < 1 || c.year > 9999 {
		return when{}, false
	}
	w := when{gran: g, day: c}
	switch g {
	case gClock:
		w.day = c.addDays(floorDiv(clock, 86400))
		w.clock = clock - floorDiv(clock, 86400)*86400
		w.prec = prec
	case gMonth:
		w.day.day = 0
	case gQuarter:
		w.n, w.day = (c.month+2)/3, civil{year: c.year}
	case gHalf:
		w.n, w.day = (c.month+5)/6, civil{year: c.year}
	case gSeason:
		w.n, w.day = base.n, civil{year: c.year}
	case gWeek, gWeekend:
		y, n := c.week()
		w.n, w.day = n, civil{year: y}
	case gYear, gFiscal, gDecade, gCentury:
		w.gran, w.day = gYear, civil{year: c.year}
	}
	return w, true
}

// apposed is the day that follows "a few days later, on July 2" and says which one is meant.
func (r *resolver) apposed(e *expr) (when, bool) {
	toks := r.doc.Tokens
	for _, k := range r.pending {
		n := &r.m.arena[k]
		if n.first < e.end {
			continue
		}
		if n.first-e.end > 2 {
			break
		}
		for i := e.end; i < n.first; i++ {
			if t := toks[i].Text; t != "," && t != "on" && t != "(" {
				return when{}, false
			}
		}
		in := r.inner(n)
		if in.f[fOp] != opDate || !in.has(fDay) || !in.has(fMonth) {
			break
		}
		w, ok := r.point(in)
		if first, dated := r.anchor.first(); ok && dated && !in.has(fYear) {
			w.day.year = first.year
			switch {
			case e.f[fSign] > 0 && w.day.before(first):
				w.day.year++
			case e.f[fSign] < 0 && first.before(w.day):
				w.day.year--
			}
		}
		return w, ok && w.day.valid()
	}
	return when{}, false
}

// amount collects the lengths that an expression and its parts say.
func (r *resolver) amount(e *expr, a *amount) bool {
	if e.f[fOp] == opOffset {
		return false
	}
	if e.has(fUnit) {
		n := e.f[fNum]
		if e.has(fHalf) {
			n += 500
		}
		if n == 0 && !e.has(fNum) {
			return false
		}
		a.add(n, int(e.f[fUnit]))
		return true
	}
	ok := false
	for i := int8(0); i < e.nsub; i++ {
		ok = r.amount(&r.m.arena[e.sub[i]], a) || ok
	}
	return ok
}
