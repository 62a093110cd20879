package timex

import "strconv"

// gran is how much of the calendar a point takes, from short to long.
type gran int8

const (
	gNone gran = iota
	gRef       // PRESENT_REF and its like
	gClock
	gPart
	gDay
	gWeekend
	gWeek
	gMonth
	gSeason
	gQuarter
	gHalf
	gYear
	gFiscal
	gDecade
	gCentury
)

// granOf is the stretch that a unit takes.
var granOf = [...]gran{
	uSecond: gClock, uMinute: gClock, uHour: gClock, uDay: gDay, uNight: gPart, uWeekend: gWeekend, uWeek: gWeek,
	uFortnight: gWeek, uMonth: gMonth, uQuarter: gQuarter, uHalf: gHalf, uYear: gYear, uDecade: gDecade,
	uCentury: gCentury, uMillennium: gCentury,
}

// when is a point on the calendar, of any size. A year, month or day of 0 is not known.
type when struct {
	gran     gran
	day      civil
	n        int // of a week, season, quarter, half, decade or century: its number
	part     int
	small    bool // of a morning: only the hours before six
	clock    int
	prec     int
	zone     int // minutes east of UTC
	zoned    bool
	ref      int
	bc       bool
	weekday  int // of a day that is not known but for this
	end      *when
	inferred bool // the year was taken from a date nearby
}

var partCodes = [...]string{partMorning: "MO", partAfternoon: "AF", partEvening: "EV", partNight: "NI", partDawn: "MO", partDusk: "EV", partMidday: "MI", partDaytime: "DT"}

var seasonCodes = [...]string{"", "SP", "SU", "FA", "WI"}

// appendPad adds a number of so many digits, or X for each of them where it is not known.
func appendPad(b []byte, n, width int) []byte {
	if n <= 0 {
		return append(b, "XXXX"[:width]...)
	}
	for least := 10; width > 1; width, least = width-1, least*10 {
		if n < least {
			b = append(b, "0000"[:width-1]...)
			break
		}
	}
	return strconv.AppendInt(b, int64(n), 10)
}

// appendTwo adds a number of two digits, which may be 0.
func appendTwo(b []byte, n int) []byte {
	return append(b, byte('0'+n/10), byte('0'+n%10)) //nolint:gosec // below 100
}

// value is the TIMEX3 value; what is not known is X.
func (w when) value() string {
	if w.gran == gRef {
		return refs[w.ref]
	}
	var buf [64]byte
	b := w.appendValue(buf[:0])
	if w.end != nil {
		b = w.end.appendValue(append(b, '/'))
	}
	return string(b)
}

func (w when) appendValue(b []byte) []byte {
	switch w.gran {
	case gRef:
		return append(b, refs[w.ref]...)
	case gClock:
		b = appendTwo(append(w.appendDay(b), 'T'), w.clock/3600)
		if w.prec >= precMinute {
			b = appendTwo(append(b, ':'), w.clock/60%60)
		}
		if w.prec > precMinute {
			b = appendTwo(append(b, ':'), w.clock%60)
		}
		return b
	case gPart:
		return append(append(w.appendDay(b), 'T'), partCodes[w.part]...)
	case gDay:
		return w.appendDay(b)
	case gDecade:
		return appendPad(b, w.n, 3)
	case gCentury:
		if w.bc {
			b = append(b, "BC"...)
		}
		if w.n == 0 {
			return append(b, "00"...)
		}
		return appendPad(b, w.n, 2)
	case gYear:
		if w.bc {
			b = append(b, "BC"...)
		}
	case gFiscal:
		if w.n != 0 { // the 2019/20 fiscal year
			b = append(b, "FY"...)
		}
	case gNone:
		return b
	}
	b = appendPad(b, w.day.year, 4)
	switch w.gran {
	case gWeekend:
		b = append(appendPad(append(b, "-W"...), w.n, 2), "-WE"...)
	case gWeek:
		b = appendPad(append(b, "-W"...), w.n, 2)
	case gMonth:
		b = appendPad(append(b, '-'), w.day.month, 2)
	case gSeason:
		b = append(append(b, '-'), seasonCodes[w.n]...)
	case gQuarter:
		b = appendPad(append(b, "-Q"...), w.n, 1)
	case gHalf:
		b = appendPad(append(b, "-H"...), w.n, 1)
	}
	return b
}

// appendDay adds the value of a day.
func (w when) appendDay(b []byte) []byte {
	if w.weekday > 0 && w.day.day == 0 {
		return append(append(b, "XXXX-WXX-"...), byte('0'+w.weekday)) //nolint:gosec // at most 7
	}
	b = append(appendPad(b, w.day.year, 4), '-')
	b = append(appendPad(b, w.day.month, 2), '-')
	return appendPad(b, w.day.day, 2)
}

// amount is a length of time: up to three numbers of units.
type amount struct {
	n    [3]int32 // thousandths, numVague
	unit [3]int
	k    int
}

func (a *amount) add(n int32, unit int) {
	if a.k < len(a.n) {
		a.n[a.k], a.unit[a.k] = n, unit
		a.k++
	}
}

// exact reports whether the amount has no part that the text leaves vague.
func (a *amount) exact() bool {
	for _, n := range a.n[:a.k] {
		if n == numVague {
			return false
		}
	}
	return a.k > 0
}

var unitCodes = [...]string{uSecond: "S", uMinute: "M", uHour: "H", uDay: "D", uNight: "D", uWeekend: "WE", uWeek: "W", uFortnight: "W", uMonth: "M", uQuarter: "Q", uHalf: "Y", uYear: "Y", uDecade: "DE", uCentury: "CE", uMillennium: "ML"}

// value is the TIMEX3 value of a duration: P3D, PT2H30M, PXY.
func (a amount) value() string {
	var dates, clocks [48]byte
	date, clock := append(dates[:0], 'P'), append(clocks[:0], 'T')
	for i := 0; i < a.k; i++ {
		n, unit := a.n[i], a.unit[i]
		b := &date
		if unit <= uHour {
			b = &clock
		}
		switch {
		case n == numVague:
			*b = append(append(*b, 'X'), unitCodes[unit]...)
			continue
		case unit == uFortnight:
			n *= 2
		case unit == uHalf:
			date = append(strconv.AppendInt(date, int64(n)*6/1000, 10), 'M')
			continue
		case n == 1000 && a.k == 1 && (unit == uDecade || unit == uCentury):
			// one decade is a round ten years; counted ones keep their unit
			n, unit = 10*1000, uYear
			if a.unit[i] == uCentury {
				n *= 10
			}
		}
		whole, frac := int64(n/1000), int(n%1000)
		if frac == 0 {
			*b = append(strconv.AppendInt(*b, whole, 10), unitCodes[unit]...)
			continue
		}
		if sub, per, ok := smaller(unit); ok && frac*per%1000 == 0 {
			if whole > 0 {
				*b = append(strconv.AppendInt(*b, whole, 10), unitCodes[unit]...)
			}
			if sub <= uHour {
				b = &clock
			}
			*b = append(strconv.AppendInt(*b, int64(frac*per/1000), 10), unitCodes[sub]...)
			continue
		}
		*b = append(strconv.AppendInt(*b, whole, 10), '.')
		for ; frac > 0; frac = frac * 10 % 1000 {
			*b = append(*b, byte('0'+frac/100))
		}
		*b = append(*b, unitCodes[unit]...)
	}
	if len(clock) == 1 {
		return string(date)
	}
	return string(append(date, clock...))
}

// smaller is the unit that a fraction of a unit is told in, and how many of it make one.
func smaller(unit int) (sub, per int, ok bool) {
	switch unit {
	case uYear:
		return uMonth, 12, true
	case uHour:
		return uMinute, 60, true
	case uMinute:
		return uSecond, 60, true
	case uDay:
		return uHour, 24, true
	case uDecade:
		return uYear, 10, true
	case uCentury:
		return uYear, 100, true
	}
	return 0, 0, false
}
