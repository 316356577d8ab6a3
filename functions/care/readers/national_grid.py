"""British National Grid (EPSG:27700) to WGS84.

Ordnance Survey, A guide to coordinate systems in Great Britain, annexes B, C and section 6.6 (seven-parameter
Helmert transformation, good to about 5 m).
"""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, radians, sin, sqrt, tan

_A, _B = 6377563.396, 6356256.909  # Airy 1830, metres
_F0 = 0.9996012717
_PHI0, _LAM0 = radians(49), radians(-2)
_N0, _E0 = -100_000.0, 400_000.0
_WGS_A, _WGS_B = 6378137.0, 6356752.3142
_SHIFT = (446.448, -125.157, 542.060)  # metres, OSGB36 to WGS84
_SCALE = -20.4894e-6
_TURN = tuple(radians(seconds / 3600) for seconds in (0.1502, 0.2470, 0.8421))
_MAX_EAST, _MAX_NORTH = 700_000.0, 1_300_000.0


def wgs84_of(east: float, north: float) -> tuple[float, float]:
    """Return latitude and longitude in degrees of a point in metres on the grid.

    Raises:
        ValueError: when it is off the grid.

    """
    if not (0 < east <= _MAX_EAST and 0 < north <= _MAX_NORTH):
        raise ValueError("The point is off the British National Grid.")
    phi, lam = _airy(east, north)
    # To a cartesian point on Airy's ellipsoid, turned and moved, and back to an angle on that of WGS84.
    squared = 1 - (_B / _A) ** 2
    nu = _A / sqrt(1 - squared * sin(phi) ** 2)
    x, y, z = nu * cos(phi) * cos(lam), nu * cos(phi) * sin(lam), (1 - squared) * nu * sin(phi)
    (tx, ty, tz), (rx, ry, rz) = _SHIFT, _TURN
    x, y, z = (
        tx + (1 + _SCALE) * x - rz * y + ry * z,
        ty + rz * x + (1 + _SCALE) * y - rx * z,
        tz - ry * x + rx * y + (1 + _SCALE) * z,
    )
    squared = 1 - (_WGS_B / _WGS_A) ** 2
    across = hypot(x, y)
    phi = atan2(z, across * (1 - squared))
    for _ in range(6):
        nu = _WGS_A / sqrt(1 - squared * sin(phi) ** 2)
        phi = atan2(z + squared * nu * sin(phi), across)
    return degrees(phi), degrees(atan2(y, x))


def _airy(east: float, north: float) -> tuple[float, float]:
    """Return latitude and longitude in radians on Airy's ellipsoid (annex C.2)."""
    phi = _PHI0
    arc = 0.0
    while abs(north - _N0 - arc) >= 1e-5:  # noqa: PLR2004 - a hundredth of a millimetre
        phi += (north - _N0 - arc) / (_A * _F0)
        arc = _meridional_arc(phi)
    squared = 1 - (_B / _A) ** 2
    nu = _A * _F0 / sqrt(1 - squared * sin(phi) ** 2)
    rho = _A * _F0 * (1 - squared) * (1 - squared * sin(phi) ** 2) ** -1.5
    eta, t, secant = nu / rho - 1, tan(phi), 1 / cos(phi)
    de = east - _E0
    latitude = (
        phi
        - t / (2 * rho * nu) * de**2
        + t / (24 * rho * nu**3) * (5 + 3 * t**2 + eta - 9 * t**2 * eta) * de**4
        - t / (720 * rho * nu**5) * (61 + 90 * t**2 + 45 * t**4) * de**6
    )
    longitude = (
        _LAM0
        + secant / nu * de
        - secant / (6 * nu**3) * (nu / rho + 2 * t**2) * de**3
        + secant / (120 * nu**5) * (5 + 28 * t**2 + 24 * t**4) * de**5
        - secant / (5040 * nu**7) * (61 + 662 * t**2 + 1320 * t**4 + 720 * t**6) * de**7
    )
    return latitude, longitude


def _meridional_arc(phi: float) -> float:
    n = (_A - _B) / (_A + _B)
    less, more = phi - _PHI0, phi + _PHI0
    return (
        _B
        * _F0
        * (
            (1 + n + 5 / 4 * n**2 + 5 / 4 * n**3) * less
            - (3 * n + 3 * n**2 + 21 / 8 * n**3) * sin(less) * cos(more)
            + (15 / 8 * n**2 + 15 / 8 * n**3) * sin(2 * less) * cos(2 * more)
            - 35 / 24 * n**3 * sin(3 * less) * cos(3 * more)
        )
    )
