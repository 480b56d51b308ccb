"""What the OpenAPI document shows of single sign-on."""
