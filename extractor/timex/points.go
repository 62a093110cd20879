package timex

func (r *resolver) holiday(e *expr) when {
	h := &r.m.g.holidays[e.f[fHoliday]]
	y := int(e.f[fYear])
	if e.has(fYearDir) {
		y = r.yearDir(int(e.f[fYearDir]))
	}
	if y == 0 && !r.known() {
		if h.rule != 'f' {
			return when{gran: gDay}
		}
		return when{gran: gDay, day: civil{0, h.month, h.day}}
	}
	if y == 0 {
		y = r.ref.year
		today := r.ref.number()
		if h.rule == 'i' && e.f[fDir] == 0 {
			return h.when(r.nearest(h, e))
		}
		on := h.on(y).number()
		switch e.f[fDir] {
		case dirLast:
			if on >= today {
				y--
			}
		case dirNext:
			if on <= today {
				y++
			}
		case dirThis:
		default:
			switch {
			case h.rule == 'n' && h.month == 11 && h.plus != 0 && on-today < 182 && today-on < 182: // Election Day: the nearest
			case on-today > 182 || on > today && on-today > 45 && !r.future(e):
				y--
			case today-on > 270 || today-on > 45 && r.future(e):
				y++
			}
		}
	}
	return h.when(h.on(y))
}

// nearest is the day of an Islamic holiday, of which a year may have two, that lies nearest to the
// article's: ahead where the text speaks of what is to come, behind where it looks back.
func (r *resolver) nearest(h *holiday, e *expr) civil {
	best, least := civil{}, 1<<30
	today, tense := r.ref.number(), r.tense(e)
	for y := (r.ref.year-622)*33/32 - 1; y < (r.ref.year-622)*33/32+4; y++ {
		c := islamic(y, h.month, max(h.day, 1))
		gap := c.number() - today
		switch {
		case gap < 0 && -gap > 45 && tense > 0, gap > 45 && tense <= 0:
			gap *= 3
		}
		if gap < 0 {
			gap = -gap
		}
		if gap < least {
			best, least = c, gap
		}
	}
	return best
}

// when is the holiday that starts on a day.
func (h *holiday) when(day civil) when {
	w := when{gran: gDay, day: day}
	if h.rule == 'i' && h.day == 0 {
		last := when{gran: gDay, day: day.addDays(28 + h.month%2)} // odd months have 30 days
		w.end = &last
	}
	return w
}

func (r *resolver) edgeDay(e *expr) (when, bool) {
	w, ok := r.part(e, 0)
	if !ok || w.gran != gMonth {
		return w, false
	}
	w.gran = gDay
	w.day.day = 1
	if n := nth(e); n > 0 {
		w.day.day = n
	} else {
		y := w.day.year
		if y == 0 {
			y = 2001
		}
		w.day.day = daysIn(y, w.day.month) + n + 1
	}
	return w, 1 <= w.day.day && w.day.day <= daysIn(max(w.day.year, 4), w.day.month)
}

// season reads "last summer", "the spring", "winter 2019".
func (r *resolver) season(e *expr) when {
	n := int(e.f[fSeason])
	w := when{gran: gSeason, n: n, day: civil{year: int(e.f[fYear])}}
	switch {
	case w.day.year != 0:
	case e.has(fYearDir):
		w.day.year = r.yearDir(int(e.f[fYearDir]))
	case e.f[fBase] == baseAnchor && e.f[fDir] == dirThis && r.anchor.day.year != 0:
		w.day.year = r.anchor.day.year // "in May 1997; that fall"
	case r.known():
		// Seasons in a row: 4 a year from spring on, for a winter is named for the year in which it starts.
		now := 4*r.ref.year + r.ref.month/3
		switch {
		case e.f[fDir] == dirLast:
			w.day.year = floorDiv(now-1-n, 4)
		case e.f[fDir] == dirNext:
			w.day.year = floorDiv(now+4-n, 4)
		case e.f[fDir] == 0 && r.future(e):
			w.day.year = floorDiv(now+3-n, 4)
		case e.f[fDir] == 0 && (now+1-n)%4 == 0 && r.tense(e) == 0:
			w.day.year = (now + 1 - n) / 4 // the nearest
		case e.f[fDir] == 0 || n == 4 && now%4 == 0:
			w.day.year = floorDiv(now-n, 4)
		default:
			w.day.year = r.ref.year
		}
	}
	return w
}

// quarterOf reads "the third quarter of 2019" and "the second half of this year".
func (r *resolver) quarterOf(e *expr) (when, bool) {
	most, g := 4, gQuarter
	if e.f[fOp] == opHalf {
		most, g = 2, gHalf
	}
	n := int(e.f[fOrd])
	if n < 1 || n > most {
		return when{}, false
	}
	w := when{gran: g, n: n}
	if p, ok := r.part(e, 0); ok {
		w.day.year = p.day.year
		return w, true
	}
	if e.has(fYear) {
		w.day.year = int(e.f[fYear])
		return w, true
	}
	if !r.known() {
		return w, true
	}
	y := r.ref.year
	first := (n-1)*12/most + 1
	if tense := r.tense(e); first > r.ref.month+1 && (r.reported(e) || tense < 0 || tense == 0 && first > r.ref.month+3) {
		y--
	}
	w.day.year = y
	return w, true
}

// reported reports whether what follows a quarter is told when it is over: "is to report fourth
// quarter earnings on Friday".
func (r *resolver) reported(e *expr) bool {
	if e.end >= len(r.doc.Tokens) {
		return false
	}
	switch lower(r.doc.Tokens[e.end].Text) {
	case "earnings", "results", "profit", "profits", "net", "loss", "losses", "report", "reports", "figures", "numbers", "income", "data":
		return true
	}
	return false
}

// nth is which of a row an expression says: -1 is the last, -2 the one before it.
func nth(e *expr) int {
	if e.f[fOrd] < 0 && e.f[fB] > 0 {
		return -int(e.f[fB])
	}
	return int(e.f[fOrd])
}

func (r *resolver) nthWeek(e *expr) (when, bool) {
	w, ok := r.part(e, 0)
	if ok && w.gran == gYear && w.day.year != 0 {
		n := nth(e)
		_, last := civil{w.day.year, 12, 28}.week()
		if n < 0 {
			n += last + 1
		}
		return when{gran: gWeek, day: civil{year: w.day.year}, n: n}, 1 <= n && n <= last
	}
	if !ok || w.day.month == 0 {
		return w, false
	}
	g := gWeek
	if e.f[fOp] == opNthWeekend {
		g = gWeekend
	}
	n := nth(e)
	if w.day.year == 0 || n == 0 || n > 5 || n < -5 {
		return when{gran: g}, n != 0
	}
	var c civil
	switch {
	case g == gWeekend:
		c = nthWeekday(w.day.year, w.day.month, n, 6)
	case n < 0:
		c = civil{w.day.year, w.day.month, daysIn(w.day.year, w.day.month)}.addDays(7*(n+1) - 3)
	default:
		c = civil{w.day.year, w.day.month, min(1+7*(n-1), daysIn(w.day.year, w.day.month))}
	}
	y, k := c.week()
	return when{gran: g, day: civil{year: y}, n: k}, true
}
