//go:build (!amd64 && !arm64) || purego

package conv

// kernels are those of this machine, the fastest first.
func kernels() []*kernel { return []*kernel{&plain} }
