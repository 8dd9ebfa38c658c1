"""A submission comes in: found, unpacked safely, its expected files picked out and named."""
