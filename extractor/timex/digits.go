package timex

import "strings"

// number reads a token that opens with a digit.
func number(s string, a *atom) {
	n, i := digits(s, 0)
	if i > 9 {
		a.cls = clsNumber
		return
	}
	switch rest := s[i:]; {
	case rest == "":
		integer(n, i, a)
	case rest[0] == ',' || rest[0] == '.':
		separated(s, n, i, a)
	case rest[0] == ':' && i <= 2:
		clock(s, n, i, ':', a)
	case i <= 2 && meridiem(rest) != 0 && n <= 12:
		a.cls, a.val, a.aux = clsClockAMPM, n*3600, (precHour | meridiem(rest))
	case rest == "st" || rest == "nd" || rest == "rd" || rest == "th" || rest == "ST" || rest == "ND" || rest == "RD" || rest == "TH":
		a.cls, a.val = clsOrdNum, n
		if 1 <= n && n <= 31 {
			a.cls |= clsDayOrd
		}
	case rest == "s" && i == 4 && n%10 == 0 && n >= 1000 && n < 2200:
		decade(n, a)
	case rest == "s" && i == 2 && n%10 == 0 && n >= 20:
		a.cls, a.val = clsDecade, (190 + n/10)
	case rest == "½" || rest == "¼" || rest == "¾":
		a.cls, a.val, a.aux = clsNumber, n, fractions[rest]
	case i == 4 && len(rest) == 2 && rest[0]|0x20 == 'q' && '1' <= rest[1] && rest[1] <= '4' && 1900 <= n && n < 2200:
		a.cls, a.val, a.aux = clsQ, int32(rest[1]-'0'), n
	case rest[0] == 'T' && i == 2:
		stamp(s, n, a)
	case rest[0] == 'Q' && i == 1 && len(rest) == 3:
		if y, end := digits(rest, 1); end == 3 && 1 <= n && n <= 4 {
			a.cls, a.val, a.aux = clsQ, n, twoDigitYear(y)
		}
	default:
		a.cls = 0
	}
}

var fractions = map[string]int32{"½": 500, "¼": 250, "¾": 750}

// digits reads the digits of s from i on: their value (of the first nine) and where they end.
func digits(s string, i int) (n int32, end int) {
	start := i
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		if i-start < 9 {
			n = n*10 + int32(s[i]-'0')
		}
		i++
	}
	return n, i
}

func integer(n int32, width int, a *atom) {
	a.val = n
	a.cls = clsNumber
	if width <= 4 {
		a.cls |= clsInt
	}
	if width <= 2 {
		a.cls |= clsInt2
		if 1 <= n && n <= 31 {
			a.cls |= clsDay
		}
		if 1 <= n && n <= 12 {
			a.cls |= clsMM
		}
		if n <= 24 {
			a.cls |= clsHour
		}
	}
	if width == 8 {
		if c := (civil{int(n / 10000), int(n / 100 % 100), int(n % 100)}); c.valid() && 1900 <= c.year && c.year < 2100 {
			a.cls |= clsDate8
		}
	}
	if width == 4 {
		if n/100 < 24 && n%100 < 60 || n == 2400 {
			a.cls |= clsMil
			a.aux = (n/100*3600 + n%100*60)
		}
		if 1000 <= n && n < 3000 {
			a.cls |= clsY4
			if n%10 == 0 {
				a.cls |= clsY0
			}
			if n < 2150 {
				a.cls |= clsYear
			}
		}
	}
}

func decade(n int32, a *atom) {
	a.cls, a.val = clsDecade, (n / 10)
	if n%100 == 0 && n < 2000 {
		a.val = (n / 100) // "the 1800s" are the century
		a.aux = 1
	}
}

// separated reads 1,234 and 2.5 and 10.30 and 14.01.2025.
func separated(s string, n int32, i int, a *atom) {
	if s[i] == ',' {
		for i < len(s) && s[i] == ',' {
			m, end := digits(s, i+1)
			if end != i+4 || n > 99999 {
				return
			}
			n, i = n*1000+m, end
		}
		if i == len(s) {
			a.cls, a.val = clsNumber, n
		}
		return
	}
	m, end := digits(s, i+1)
	width := end - i - 1
	if end == len(s) {
		if width == 0 {
			return
		}
		a.cls, a.val = clsNumber, n
		a.aux = m
		if width == 2 && m < 60 && n <= 23 {
			a.cls |= clsDotClock
		}
		for ; width < 3; width++ {
			a.aux *= 10
		}
		for ; width > 3; width-- {
			a.aux /= 10
		}
		return
	}
	if width == 2 && m < 60 && n <= 12 {
		if ap := meridiem(s[end:]); ap != 0 {
			a.cls, a.val, a.aux = clsClockAMPM, (n*3600 + m*60), (precMinute | ap)
			return
		}
	}
	if s[end] == '.' && width <= 2 {
		y, last := digits(s, end+1)
		if last == len(s) && (last == end+5 || last == end+3) && n <= 31 && m <= 31 && i <= 2 {
			if last == end+3 {
				y = twoDigitYear(y)
			}
			a.cls, a.val, a.aux = clsDot, (n*100 + m), y
		}
	}
}

// clock reads 10:30, 10:30:15 and 10:30pm.
func clock(s string, h int32, i int, sep byte, a *atom) {
	m, end := digits(s, i+1)
	if end != i+3 || m > 59 || h > 24 {
		return
	}
	var sec, prec int32 = 0, precMinute
	if end < len(s) && s[end] == sep {
		n, e := digits(s, end+1)
		if e != end+3 || n > 59 {
			return
		}
		sec, end, prec = n, e, precSecond
		if end < len(s) && s[end] == '.' {
			_, end = digits(s, end+1)
		}
	}
	a.val, a.aux = (h*3600 + m*60 + sec), prec
	switch rest := s[end:]; {
	case rest == "" || rest == "Z":
		a.cls = clsClock
	case meridiem(rest) != 0 && h <= 12:
		a.cls = clsClockAMPM
		a.aux |= meridiem(rest)
	}
}

// stamp reads the end of an ISO 8601 date-time: 17T15:00:00Z.
func stamp(s string, day int32, a *atom) {
	h, end := digits(s, 3)
	if end != 5 || h > 24 || day < 1 || day > 31 {
		return
	}
	var t atom
	if end == len(s) {
		t.cls, t.val, t.aux = clsClock, (h * 3600), precHour
	} else if s[end] == ':' {
		clock(s[3:], h, 2, ':', &t)
	}
	if t.cls == clsClock {
		a.cls, a.val, a.aux = clsStampT, day<<20|t.val, t.aux
	}
}

// meridiem is auxAM or auxPM where s says so, else 0.
func meridiem(s string) int32 {
	if len(s) < 2 || len(s) > 4 {
		return 0
	}
	var half int32
	switch s[0] | 0x20 {
	case 'a':
		half = auxAM
	case 'p':
		half = auxPM
	default:
		return 0
	}
	switch s[1:] {
	case "m", "M", ".m", ".m.", ".M", ".M.", "m.":
		return half
	}
	return 0
}

// apostropheNumber reads '98 and '90s, without the apostrophe.
func apostropheNumber(s string, a *atom) {
	n, end := digits(s, 0)
	if end != 2 {
		return
	}
	switch s[end:] {
	case "":
		a.cls, a.val = clsY2, twoDigitYear(n)
	case "s":
		if n%10 == 0 {
			a.cls, a.val = clsDecade, (twoDigitYear(n) / 10)
		}
	}
}

// twoDigitYear puts 00 to 39 into this century, the rest into the last.
func twoDigitYear[N int | int32](n N) N {
	if n < 40 {
		return 2000 + n
	}
	return 1900 + n
}

// letterNumber reads Q3, H1 and FY2019.
func letterNumber(s string, a *atom) {
	switch {
	case len(s) == 2 && s[0]|0x20 == 'q' && '1' <= s[1] && s[1] <= '4':
		a.cls, a.val = clsQ, int32(s[1]-'0')
	case len(s) == 2 && s[0] == 'H' && '1' <= s[1] && s[1] <= '2':
		a.cls, a.val = clsHalf, int32(s[1]-'0')
	case strings.HasPrefix(s, "FY"):
		n, end := digits(s, 2)
		if end != len(s) {
			return
		}
		switch {
		case end == 6 && n >= 1900 && n < 2200:
			a.cls, a.val = clsFY, n
		case end == 4:
			a.cls, a.val = clsFY, twoDigitYear(n)
		}
	}
}
