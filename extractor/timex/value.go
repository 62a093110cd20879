package timex

import (
	"fmt"
	"strconv"
	"strings"
)

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

func pad(n, width int) string {
	if n <= 0 {
		return "XXXX"[:width]
	}
	s := strconv.Itoa(n)
	if len(s) < width {
		s = "0000"[:width-len(s)] + s
	}
	return s
}

// value is the TIMEX3 value; what is not known is X.
func (w when) value() string {
	if w.end != nil {
		last := *w.end
		w.end = nil
		return w.value() + "/" + last.value()
	}
	year := pad(w.day.year, 4)
	switch w.gran {
	case gRef:
		return refs[w.ref]
	case gClock:
		h, m, s := w.clock/3600, w.clock/60%60, w.clock%60
		switch w.prec {
		case precHour:
			return fmt.Sprintf("%sT%02d", w.dayValue(), h)
		case precMinute:
			return fmt.Sprintf("%sT%02d:%02d", w.dayValue(), h, m)
		}
		return fmt.Sprintf("%sT%02d:%02d:%02d", w.dayValue(), h, m, s)
	case gPart:
		return w.dayValue() + "T" + partCodes[w.part]
	case gDay:
		return w.dayValue()
	case gWeekend:
		return year + "-W" + pad(w.n, 2) + "-WE"
	case gWeek:
		return year + "-W" + pad(w.n, 2)
	case gMonth:
		return year + "-" + pad(w.day.month, 2)
	case gSeason:
		return year + "-" + seasonCodes[w.n]
	case gQuarter:
		return year + "-Q" + pad(w.n, 1)
	case gHalf:
		return year + "-H" + pad(w.n, 1)
	case gYear:
		if w.bc {
			return "BC" + year
		}
		return year
	case gFiscal:
		if w.n != 0 { // the 2019/20 fiscal year
			return "FY" + year
		}
		return year
	case gDecade:
		if w.n <= 0 {
			return "XXX"
		}
		return pad(w.n, 3)
	case gCentury:
		v := pad(w.n, 2)
		if w.n == 0 {
			v = "00"
		}
		if w.bc {
			return "BC" + v
		}
		return v
	}
	return ""
}

func (w when) dayValue() string {
	if w.weekday > 0 && w.day.day == 0 {
		return "XXXX-WXX-" + strconv.Itoa(w.weekday)
	}
	return pad(w.day.year, 4) + "-" + pad(w.day.month, 2) + "-" + pad(w.day.day, 2)
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

var unitCodes = [...]string{uSecond: "S", uMinute: "M", uHour: "H", uDay: "D", uNight: "D", uWeekend: "WE", uWeek: "W", uFortnight: "W", uMonth: "M", uQuarter: "Q", uHalf: "Y", uYear: "Y", uDecade: "DE", uCentury: "CE", uMillennium: "ML"}

// value is the TIMEX3 value of a duration: P3D, PT2H30M, PXY.
func (a amount) value() string {
	var date, clock strings.Builder
	for i := 0; i < a.k; i++ {
		n, unit := a.n[i], a.unit[i]
		b := &date
		if unit <= uHour {
			b = &clock
		}
		switch {
		case n == numVague:
			b.WriteString("X" + unitCodes[unit])
			continue
		case unit == uFortnight:
			n *= 2
		case unit == uHalf:
			date.WriteString(strconv.Itoa(int(n)*6/1000) + "M")
			continue
		case n == 1000 && a.k == 1 && (unit == uDecade || unit == uCentury):
			// one decade is a round ten years; counted ones keep their unit
			n, unit = 10*1000, uYear
			if a.unit[i] == uCentury {
				n *= 10
			}
		}
		whole, frac := n/1000, n%1000
		if frac == 0 {
			b.WriteString(strconv.Itoa(int(whole)) + unitCodes[unit])
			continue
		}
		if sub, per, ok := smaller(unit); ok && int(frac)*per%1000 == 0 {
			sb := b
			if sub <= uHour {
				sb = &clock
			}
			if whole > 0 {
				b.WriteString(strconv.Itoa(int(whole)) + unitCodes[unit])
			}
			sb.WriteString(strconv.Itoa(int(frac)*per/1000) + unitCodes[sub])
			continue
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("%d.%03d", whole, frac), "0") + unitCodes[unit])
	}
	if clock.Len() == 0 {
		return "P" + date.String()
	}
	return "P" + date.String() + "T" + clock.String()
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
