package ner

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

// Pack makes a model's file smaller: weights that are not used where they lie, or seldom, are built in
// packed, and unpacked when their model is loaded. A file may be given to Load, LoadConv and LoadJoint
// either way, and a model's hash is that of unpacked files. What is packed stays as it is.
func Pack(file []byte) ([]byte, error) {
	if packed(file) {
		return file, nil
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression) // without a time or a name: the same bytes each time
	if err == nil {
		_, err = w.Write(file)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return out.Bytes(), nil
}

func packed(file []byte) bool { return len(file) > 18 && file[0] == 0x1f && file[1] == 0x8b }

// maxModel bounds what is unpacked.
const maxModel = 64 << 20

// Unpack gives a file as training has written it, packed or not.
func Unpack(file []byte) ([]byte, error) {
	if !packed(file) {
		return file, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	size := min(binary.LittleEndian.Uint32(file[len(file)-4:]), maxModel) // gzip ends with it
	out := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := io.Copy(out, io.LimitReader(r, maxModel)); err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return out.Bytes(), nil
}
