package text

import (
	"strings"
	"testing"
)

// hostile is what prose's peeling, or a naive rule, takes quadratic time for.
var hostile = []string{"(", ")", ".", "\"", "’", "a.", "()", "?)", "“a” ", "\xff", "a\n", "$", "a-", "''", ".,", "a)"}

// TestHostile holds the promises of a Doc on hostile text; were work quadratic, it would not end.
func TestHostile(t *testing.T) {
	p := parser(t)
	for _, s := range hostile {
		src := strings.Repeat(s, (256<<10)/len(s))
		check(t, src, p.Parse(src, 0))
	}
}

// BenchmarkHostile shows the time for each byte, which must not grow from one size to the next.
func BenchmarkHostile(b *testing.B) {
	p := parser(b)
	for _, size := range []int{16 << 10, 256 << 10} {
		b.Run(map[int]string{16 << 10: "16KiB", 256 << 10: "256KiB"}[size], func(b *testing.B) {
			for b.Loop() {
				for _, s := range hostile {
					p.Parse(strings.Repeat(s, size/len(s)), 0)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size*len(hostile)), "ns/byte")
		})
	}
}
