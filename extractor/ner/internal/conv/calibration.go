package conv

import (
	"bytes"
	"encoding/binary"
	"math"
)

// IsModel reports whether b opens as the file of a convolutional model does.
func IsModel(b []byte) bool { return bytes.HasPrefix(b, []byte(magic)) }

// Recalibrate gives the file of a model another calibration: pairs of a marginal probability, all
// ascending, and the share of names that are right there.
func Recalibrate(b []byte, calibration [][2]float32) ([]byte, error) {
	n, err := parse(b)
	if err != nil {
		return nil, err
	}
	at := len(magic) + 4*(4+len(n.dilations))
	out := append([]byte(nil), b[:at]...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(calibration)))
	for _, c := range calibration {
		for _, x := range c {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	}
	return append(out, b[at+4+8*len(n.calibration):]...), nil
}
