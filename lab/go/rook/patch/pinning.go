package v1

// CephFilesystemSubVolumeGroupSpecPinning says which metadata servers a group of subvolumes stays with.
type CephFilesystemSubVolumeGroupSpecPinning struct {
	Export      *int     `json:"export,omitempty"`
	Distributed *int     `json:"distributed,omitempty"`
	Random      *float64 `json:"random,omitempty"`
}
